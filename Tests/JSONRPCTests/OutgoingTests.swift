import JSON
import JSONRPC
import TestSupport
import Testing

@Suite struct OutgoingTests {
    @Test func typedRequestsBothWays() async throws {
        let (left, right) = InMemoryTransport.pair()
        let router = makeRouter { router in
            router.on(Add.self, .concurrent) { params, _ in params.left + params.right }
        }
        let one = Connection(transport: left, router: router)
        let other = Connection(transport: right, router: router)
        let running = [Task { await one.run() }, Task { await other.run() }]

        // Both sides count their ids from the same number.
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<100 {
                group.addTask {
                    let asker = index.isMultiple(of: 2) ? one : other
                    return try await asker.request(Add.self, Add.Params(left: index, right: 1)) == index + 1
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        await one.close()
        for task in running { await task.value }
    }

    @Test func wireForm() async throws {
        var peer = Peer()
        let connection = peer.connection
        try await connection.notify(Note.self, Note.Params(text: "a\nb"))
        try await connection.notifyRaw("n", nil)
        try await connection.notifyRaw("n", .null)
        let call = Task { try await connection.request(Add.self, Add.Params(left: 1, right: 2)) }
        #expect(try await peer.next()?.text == #"{"jsonrpc":"2.0","method":"note","params":{"text":"a\nb"}}"#)
        #expect(try await peer.next()?.text == #"{"jsonrpc":"2.0","method":"n"}"#)
        #expect(try await peer.next()?.text == #"{"jsonrpc":"2.0","method":"n"}"#)
        #expect(
            try await peer.next()?.text == #"{"jsonrpc":"2.0","id":1,"method":"add","params":{"left":1,"right":2}}"#)
        try await peer.send(#"{"id":1.0,"result":3.0,"error":null}"#)
        #expect(try await call.value == 3)
        _ = try await peer.finish()
    }

    @Test func scalarParametersAreRefused() async throws {
        var peer = Peer()
        await #expect(throws: ConnectionError.invalidParams(method: "n")) {
            try await peer.connection.notifyRaw("n", 3)
        }
        #expect(try await peer.finish().isEmpty)
    }

    @Test(arguments: [
        (
            #""error":{"code":-32601,"message":"no","data":{"a":1}}"#,
            ResponseError(code: .methodNotFound, message: "no", data: ["a": 1])
        ),
        (#""error":{"code":"x"}"#, ResponseError(code: .internalError, message: "the peer gave no message")),
        (#""error":"text""#, ResponseError(code: .internalError, message: "the peer gave no message")),
        (#""result":1,"error":{"code":5,"message":"both"}"#, ResponseError(code: ErrorCode(5), message: "both")),
    ])
    func errorReplies(_ members: String, _ expected: ResponseError) async throws {
        var peer = Peer()
        let connection = peer.connection
        let call = Task { try await connection.request(Add.self, Add.Params(left: 1, right: 2)) }
        _ = try await peer.next()
        try await peer.send(#"{"jsonrpc":"2.0","id":1,\#(members)}"#)
        await #expect(throws: expected) { try await call.value }
        _ = try await peer.finish()
    }

    @Test func hollowAndMisshapenReplies() async throws {
        var peer = Peer()
        let connection = peer.connection
        let hollow = Task { try await connection.request(Add.self, Add.Params(left: 1, right: 2)) }
        _ = try await peer.next()
        try await peer.send(#"{"jsonrpc":"2.0","id":1}"#)
        await #expect(throws: ConnectionError.invalidResponse(method: "add")) { try await hollow.value }
        let misshapen = Task { try await connection.request(Add.self, Add.Params(left: 1, right: 2)) }
        _ = try await peer.next()
        try await peer.send(#"{"jsonrpc":"2.0","id":2,"result":"three"}"#)
        await #expect(throws: JSONDecodingError.self) { try await misshapen.value }
        _ = try await peer.finish()
    }

    @Test func endOfInputFailsOpenRequests() async throws {
        var peer = Peer()
        let connection = peer.connection
        let call = Task { try await connection.requestRaw("r", nil) }
        _ = try await peer.next()
        _ = try await peer.finish()
        await #expect(throws: ConnectionError.closed) { try await call.value }
        await #expect(throws: ConnectionError.closed) { try await connection.requestRaw("r", nil) }
    }

    @Test func closeEndsRun() async throws {
        let peer = Peer()
        await peer.connection.close()
        await peer.running.value
        await #expect(throws: TransportError.closed) { try await peer.connection.notifyRaw("n", nil) }
    }

    @Test func emptyParameters() throws {
        #expect(try JSONCoder.encode(Empty()) == [:])
        for json in [[:], nil, ["a": 1], [1]] as [JSON] {
            #expect(try JSONCoder.decode(Empty.self, from: json) == Empty())
        }
    }
}
