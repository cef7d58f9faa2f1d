import JSON
import JSONRPC
import TestSupport
import Testing

@Suite struct OrderingTests {
    private func request(_ id: Int, _ method: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}"#
    }

    @Test func serialHoldsUpLaterMessages() async throws {
        let journal = Journal()
        let started = Gate()
        let proceed = Gate()
        let router = makeRouter { router in
            router.onRaw("slow", .serial) { _, _ in
                journal.add("slow begins")
                started.open()
                await proceed.wait()
                journal.add("slow ends")
                return 1
            }
            router.onRaw("fast", .concurrent) { _, _ in
                journal.add("fast")
                return 2
            }
        }
        var peer = Peer(router)
        try await peer.send(request(1, "slow"))
        try await peer.send(request(2, "fast"))
        await started.wait()
        proceed.open()
        let answers = [try await peer.next(), try await peer.next()]
        _ = try await peer.finish()
        #expect(answers.map { $0?["id"] } == [1, 2])
        #expect(journal.all == ["slow begins", "slow ends", "fast"])
    }

    @Test func concurrentRunsBesideLaterMessages() async throws {
        let proceed = Gate()
        let router = makeRouter { router in
            router.onRaw("slow", .concurrent) { _, _ in
                await proceed.wait()
                return 1
            }
            router.onRaw("fast", .serial) { _, _ in
                proceed.open()
                return 2
            }
        }
        var peer = Peer(router)
        try await peer.send(request(1, "slow"))
        try await peer.send(request(2, "fast"))
        let ids = [try await peer.next(), try await peer.next()].map { $0?["id"]?.intValue ?? 0 }
        _ = try await peer.finish()
        #expect(ids.sorted() == [1, 2])
    }

    @Test func concurrentHandlersStartInOrder() async throws {
        let journal = Journal()
        let router = makeRouter { router in
            router.onRaw("r", .concurrent) { _, context in
                journal.add("\(context.id)")
                await Task.yield()
                return 1
            }
            router.on(Note.self) { params, _ in journal.add(params.text) }
        }
        var peer = Peer(router)
        for index in 0..<200 {
            if index.isMultiple(of: 5) {
                try await peer.send(#"{"jsonrpc":"2.0","method":"note","params":{"text":"\#(index)"}}"#)
            } else {
                try await peer.send(request(index, "r"))
            }
        }
        for _ in 0..<160 { _ = try await peer.next() }
        _ = try await peer.finish()
        #expect(journal.all == (0..<200).map { "\($0)" })
    }

    @Test func notificationsPrecedeTheReply() async throws {
        let router = makeRouter { router in
            router.onRaw("r", .concurrent) { _, context in
                for index in 0..<5 { try await context.connection.notify(Note.self, Note.Params(text: "\(index)")) }
                return "done"
            }
        }
        var peer = Peer(router)
        try await peer.send(request(1, "r"))
        var messages: [JSON] = []
        while messages.count < 6, let message = try await peer.next() { messages.append(message) }
        _ = try await peer.finish()
        #expect(messages.compactMap { $0["params"]?["text"]?.stringValue } == ["0", "1", "2", "3", "4"])
        #expect(messages.last?["result"] == "done")
    }

    /// Replies must get through while a serial handler waits for one.
    @Test func serialHandlerMayAskThePeer() async throws {
        let router = makeRouter { router in
            router.onRaw("outer", .serial) { _, context in
                try await context.connection.requestRaw("inner", nil)
            }
        }
        var peer = Peer(router)
        try await peer.send(request(7, "outer"))
        let question = try #require(try await peer.next())
        #expect(question["method"] == "inner")
        let id = try #require(question["id"])
        try await peer.send(#"{"jsonrpc":"2.0","id":\#(id.text),"result":"from the peer"}"#)
        #expect(try await peer.next() == ["jsonrpc": "2.0", "id": 7, "result": "from the peer"])
        _ = try await peer.finish()
    }

    @Test func tooManyRequestsAtOnce() async throws {
        let proceed = Gate()
        let router = makeRouter { router in
            router.onRaw("r", .concurrent) { _, _ in
                await proceed.wait()
                return 1
            }
        }
        var peer = Peer(router, limits: ConnectionLimits(maxIncomingRequests: 3))
        for id in 1...4 { try await peer.send(request(id, "r")) }
        let refusal = try await peer.next()
        #expect(refusal?["id"] == 4)
        #expect(refusal?["error"]?["code"]?.intValue == -32001)
        proceed.open()
        var ids: [Int] = []
        while ids.count < 3, let answer = try await peer.next() { ids.append(answer["id"]?.intValue ?? 0) }
        #expect(ids.sorted() == [1, 2, 3])
        try await peer.send(request(5, "r"))
        #expect(try await peer.next()?["result"] == 1)
        _ = try await peer.finish()
    }

    @Test func anIdInUseIsRefused() async throws {
        let proceed = Gate()
        let router = makeRouter { router in
            router.onRaw("r", .concurrent) { _, _ in
                await proceed.wait()
                return 1
            }
        }
        var peer = Peer(router)
        try await peer.send(request(1, "r"))
        try await peer.send(request(1, "r"))
        #expect(try await peer.next()?["error"]?["code"]?.intValue == -32600)
        proceed.open()
        #expect(try await peer.next()?["result"] == 1)
        // The id is free once its reply is out, at the latest when the next answer has come.
        try await peer.send(request(2, "r"))
        _ = try await peer.next()
        _ = try await peer.finish()
    }
}
