import JSON
import JSONRPC
import TestSupport
import Testing

@Suite struct CancellationTests {
    /// A request that waits until it is cancelled.
    private func endless(_ order: HandlingOrder, started: Gate) -> Router {
        makeRouter { router in
            router.onRaw("endless", order) { _, _ in
                started.open()
                await Gate().wait()
                try Task.checkCancellation()
                return "not cancelled"
            }
        }
    }

    @Test(
        arguments: [HandlingOrder.serial, .concurrent],
        [
            #"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"a"}}"#,
            #"{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":"a"}}"#,
        ])
    func byThePeer(_ order: HandlingOrder, _ cancel: String) async throws {
        let started = Gate()
        var peer = Peer(endless(order, started: started))
        try await peer.send(#"{"jsonrpc":"2.0","id":"a","method":"endless"}"#)
        await started.wait()
        try await peer.send(cancel)
        let answer = try await peer.next()
        #expect(answer?["id"] == "a")
        #expect(answer?["error"]?["code"]?.intValue == -32800)
        #expect(try await peer.finish().isEmpty)
    }

    @Test func beforeTheHandlerStarts() async throws {
        let journal = Journal()
        let started = Gate()
        let proceed = Gate()
        let router = makeRouter { router in
            router.onRaw("first", .serial) { _, _ in
                started.open()
                await proceed.wait()
                return 1
            }
            router.onRaw("second", .serial) { _, _ in
                journal.add("second ran")
                return 2
            }
            router.onRaw("third", .concurrent) { _, context in 3 }
        }
        var peer = Peer(router, limits: ConnectionLimits(maxIncomingRequests: 3))
        for (id, method) in ["first", "second", "third"].enumerated() {
            try await peer.send(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}"#)
        }
        await started.wait()
        try await peer.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#)
        // The refusal of a fourth request shows that the cancellation has been read.
        try await peer.send(#"{"jsonrpc":"2.0","id":9,"method":"first"}"#)
        #expect(try await peer.next()?["id"] == 9)
        proceed.open()
        let answers = [try await peer.next(), try await peer.next(), try await peer.next()]
        _ = try await peer.finish()
        #expect(answers.map { $0?["error"]?["code"]?.intValue } == [nil, -32800, nil])
        #expect(journal.all.isEmpty)
    }

    @Test func byTheEndOfInput() async throws {
        let started = Gate()
        var peer = Peer(endless(.concurrent, started: started))
        try await peer.send(#"{"jsonrpc":"2.0","id":1,"method":"endless"}"#)
        await started.wait()
        let rest = try await peer.finish()
        #expect(rest.map { $0["error"]?["code"]?.intValue } == [-32800])
    }

    @Test func runReturnsThoughAHandlerDoesNot() async throws {
        let started = Gate()
        let proceed = Gate()
        let router = makeRouter { router in
            router.onRaw("deaf", .serial) { _, _ in
                started.open()
                await Task { await proceed.wait() }.value  // Not reached by cancellation.
                return 1
            }
        }
        var peer = Peer(router, limits: ConnectionLimits(endGrace: .milliseconds(1)))
        try await peer.send(#"{"jsonrpc":"2.0","id":1,"method":"deaf"}"#)
        await started.wait()
        #expect(try await peer.finish().isEmpty)
        proceed.open()
    }

    @Test(arguments: [
        (ConnectionLimits.CancelMethod.cancelRequest, "$/cancelRequest", "id"),
        (.cancelRequestACP, "$/cancel_request", "requestId"),
    ])
    func ofOurRequest(_ style: ConnectionLimits.CancelMethod, _ method: String, _ key: String) async throws {
        var peer = Peer(limits: ConnectionLimits(cancelMethod: style))
        let connection = peer.connection
        let call = Task { try await connection.requestRaw("slow", nil) }
        let request = try #require(try await peer.next())
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        let cancel = try #require(try await peer.next())
        #expect(cancel["method"] == .string(method))
        #expect(cancel["params"]?[key] == request["id"])
        // The late reply is only worth a note.
        try await peer.send(#"{"jsonrpc":"2.0","id":\#(request["id"]?.text ?? ""),"result":1}"#)
        _ = try await peer.finish()
        var events = peer.events.makeAsyncIterator()
        #expect(await events.next() == .unexpectedResponse(id: 1))
    }

    @Test func timeout() async throws {
        var peer = Peer()
        await #expect(throws: ConnectionError.timedOut(method: "slow")) {
            try await peer.connection.requestRaw("slow", nil, timeout: .milliseconds(1))
        }
        #expect(try await peer.next()?["method"] == "slow")
        #expect(try await peer.next()?["method"] == "$/cancelRequest")
        _ = try await peer.finish()
    }

    @Test func cancelledTaskSendsNothing() async throws {
        var peer = Peer()
        let connection = peer.connection
        let proceed = Gate()
        let call = Task {
            await proceed.wait()
            return try await connection.requestRaw("r", nil)
        }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(try await peer.finish().isEmpty)
    }
}
