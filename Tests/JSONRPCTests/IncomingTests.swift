import JSON
import JSONRPC
import Synchronization
import TestSupport
import Testing

/// What a connection answers, message by message.
@Suite struct IncomingTests {
    private var router: Router {
        makeRouter { router in
            router.on(Add.self, .serial) { params, _ in params.left + params.right }
            router.onRaw("echo", .concurrent) { params, _ in params ?? "none" }
            router.onRaw("fail", .serial) { _, _ in throw ResponseError(code: ErrorCode(7), message: "no", data: [1]) }
            router.onRaw("crash", .serial) { _, _ in throw TransportError.closed }
            router.onRaw("give up", .serial) { _, _ in throw CancellationError() }
        }
    }

    /// Message and answer; nil for no answer.
    static let exchanges: [(String, String?)] = [
        (
            #"{"jsonrpc":"2.0","id":1,"method":"add","params":{"left":2,"right":3}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":5}"#
        ),
        // Ids come back as they went.
        (#"{"jsonrpc":"2.0","id":"x/1","method":"echo"}"#, #"{"jsonrpc":"2.0","id":"x/1","result":"none"}"#),
        (#"{"jsonrpc":"2.0","id":1.0,"method":"echo"}"#, #"{"jsonrpc":"2.0","id":1.0,"result":"none"}"#),
        (
            #"{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"echo","params":null}"#,
            #"{"jsonrpc":"2.0","id":123456789012345678901234567890,"result":"none"}"#
        ),
        (#"{"jsonrpc":"2.0","id":null,"method":"echo","params":[1]}"#, #"{"jsonrpc":"2.0","id":null,"result":[1]}"#),
        (#"{"jsonrpc":"2.0","id":"","method":"echo","params":{}}"#, #"{"jsonrpc":"2.0","id":"","result":{}}"#),
        // Errors of handlers.
        (
            #"{"jsonrpc":"2.0","id":1,"method":"add","params":{"left":2}}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"$.params: the key \"right\" is missing"}}"#
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"add"}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"$.params: the key \"left\" is missing"}}"#
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"fail"}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"no","data":[1]}}"#
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"crash"}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"the connection is closed"}}"#
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"give up"}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32800,"message":"the request was cancelled"}}"#
        ),
        // Unknown methods.
        (
            #"{"jsonrpc":"2.0","id":1,"method":"other"}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"unknown method other"}}"#
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"$/other"}"#,
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"unknown method $/other"}}"#
        ),
        (#"{"jsonrpc":"2.0","method":"other"}"#, nil),
        (#"{"jsonrpc":"2.0","method":"$/other"}"#, nil),
        (#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":[]}}"#, nil),
        // Replies nobody waits for.
        (#"{"jsonrpc":"2.0","id":99,"result":1}"#, nil),
        (#"{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"m"}}"#, nil),
        (#"{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"m"}}"#, nil),
    ]

    @Test(arguments: exchanges) func answers(_ message: String, _ answer: String?) async throws {
        var peer = Peer(router)
        try await peer.send(message)
        let all = try await peer.finish()
        #expect(all.map(\.text) == [answer].compactMap { $0 })
    }

    @Test(
        arguments: [
            ("", -32700, .null), ("{", -32700, .null), ("nonsense", -32700, .null), (#"{"a":1,"a":1}"#, -32700, .null),
            ("1", -32600, .null), ("null", -32600, .null), ("[]", -32600, .null), ("{}", -32600, .null),
            (#"[{"jsonrpc":"2.0","id":1,"method":"echo"},{"jsonrpc":"2.0","id":2,"method":"echo"}]"#, -32600, .null),
            (#"{"id":5,"method":"echo"}"#, -32600, 5), (#"{"jsonrpc":"1.0","id":5,"method":"echo"}"#, -32600, 5),
            (#"{"jsonrpc":2.0,"id":5,"method":"echo"}"#, -32600, 5),
            (#"{"jsonrpc":"2.0","id":5,"method":1}"#, -32600, 5),
            (#"{"jsonrpc":"2.0","id":5,"method":"echo","params":1}"#, -32600, 5),
            (#"{"jsonrpc":"2.0","id":"s","method":"echo","params":"x"}"#, -32600, "s"),
            (#"{"jsonrpc":"2.0","id":{},"method":"echo"}"#, -32600, .null),
            (#"{"jsonrpc":"2.0","id":true,"method":"echo"}"#, -32600, .null),
            (#"{"jsonrpc":"2.0","id":5}"#, -32600, 5), (#"{"jsonrpc":"2.0","result":5}"#, -32600, .null),
        ] as [(String, Int, JSON)])
    func refuses(_ message: String, _ code: Int, _ id: JSON) async throws {
        var peer = Peer(router)
        try await peer.send(message)
        // The connection lives on.
        try await peer.send(#"{"jsonrpc":"2.0","id":"next","method":"echo"}"#)
        let all = try await peer.finish()
        try #require(all.count == 2)
        #expect(all[0]["error"]?["code"]?.intValue == code)
        #expect(all[0]["id"] == id)
        #expect(all[0]["result"] == nil)
        #expect(all[1]["id"] == "next")
    }

    @Test func versionMayBeOptional() async throws {
        var peer = Peer(router, limits: ConnectionLimits(requiresVersion: false))
        try await peer.send(#"{"id":5,"method":"echo"}"#)
        #expect(try await peer.finish().map(\.text) == [#"{"jsonrpc":"2.0","id":5,"result":"none"}"#])
    }

    @Test func brokenFramingIsAnsweredAndEndsTheConnectionWhenHopeless() async throws {
        var peer = Peer(router)
        peer.transport.inject(.malformed("half broken", recoverable: true))
        try await peer.send(#"{"jsonrpc":"2.0","id":1,"method":"echo"}"#)
        peer.transport.inject(.malformed("broken", recoverable: false))
        try await peer.send(#"{"jsonrpc":"2.0","id":2,"method":"echo"}"#)
        var all: [JSON] = []
        while let message = try await peer.next() { all.append(message) }
        await peer.running.value
        #expect(all.compactMap { $0["error"]?["message"]?.stringValue }.sorted() == ["broken", "half broken"])
        #expect(all.contains { $0["id"] == 1 })
        #expect(!all.contains { $0["id"] == 2 })
    }

    @Test func oddRepliesAreReported() async throws {
        var peer = Peer(router)
        try await peer.send(#"{"jsonrpc":"2.0","id":99,"result":1}"#)
        try await peer.send(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"m"}}"#)
        try await peer.send(#"{"jsonrpc":"2.0","method":"other"}"#)
        _ = try await peer.finish()
        var events: [ConnectionEvent] = []
        for await event in peer.events { events.append(event) }
        #expect(
            events == [
                .unexpectedResponse(id: 99), .peerReportedError(ResponseError(code: .invalidParams, message: "m")),
                .ignoredNotification(method: "other", reason: "nobody handles it"),
            ])
    }

    @Test func gatekeeper() async throws {
        let isReady = Mutex(false)
        let journal = Journal()
        let router = makeRouter { router in
            router.onRaw("initialize", .serial) { _, _ in
                isReady.withLock { $0 = true }
                return [:]
            }
            router.onRaw("work", .concurrent) { _, _ in 1 }
            router.on(Note.self) { params, _ in journal.add(params.text) }
            router.beforeDispatch = { method, _ throws(ResponseError) in
                guard method == "initialize" || isReady.withLock({ $0 }) else {
                    throw ResponseError(code: .serverNotInitialized, message: "not yet")
                }
            }
        }
        var peer = Peer(router)
        try await peer.send(#"{"jsonrpc":"2.0","id":1,"method":"work"}"#)
        try await peer.send(#"{"jsonrpc":"2.0","method":"note","params":{"text":"early"}}"#)
        try await peer.send(#"{"jsonrpc":"2.0","id":2,"method":"initialize"}"#)
        try await peer.send(#"{"jsonrpc":"2.0","method":"note","params":{"text":"late"}}"#)
        try await peer.send(#"{"jsonrpc":"2.0","id":3,"method":"work"}"#)
        var answers: [JSON] = []
        while answers.count < 3, let answer = try await peer.next() { answers.append(answer) }
        _ = try await peer.finish()
        #expect(answers.map { $0["error"]?["code"]?.intValue } == [-32002, nil, nil])
        #expect(journal.all == ["late"])
    }

    @Test func fallbacks() async throws {
        let journal = Journal()
        let router = makeRouter { router in
            router.fallbackRequest = { method, params, _ in [.string(method), params ?? nil] }
            router.fallbackNotification = { method, _, _ in journal.add(method) }
        }
        var peer = Peer(router)
        try await peer.send(#"{"jsonrpc":"2.0","method":"n"}"#)
        try await peer.send(#"{"jsonrpc":"2.0","method":"$/n"}"#)
        try await peer.send(#"{"jsonrpc":"2.0","id":1,"method":"r","params":[1]}"#)
        #expect(try await peer.finish().map { $0["result"] } == [["r", [1]]])
        #expect(journal.all == ["n"])
    }
}
