import Synchronization
import Testing

@testable import Service

@Suite("Queue of sessions")
struct SessionQueueTests {
    /// Sessions that ask for a sandbox, and what they were told.
    private final class Sessions: Sendable {
        let queue: SessionQueue
        let positions = Mutex<[String: [Int]]>([:])
        let admitted = Mutex<[String]>([])

        init(total: Int, perUser: Int? = nil) {
            queue = SessionQueue(ConcurrencyLimits(total: total, perUser: perUser))
        }

        /// Asks for a session that has been announced; the task ends when it is let in.
        func ask(_ id: String) -> Task<Void, any Error> {
            Task {
                try await queue.admit(id) { position in self.positions.withLock { $0[id, default: []].append(position) }
                }
                admitted.withLock { $0.append(id) }
            }
        }

        func start(_ id: String, _ user: String) async -> Task<Void, any Error> {
            await queue.announce(id, user: user)
            return ask(id)
        }

        /// Returns when a session was told this position.
        func wait(for id: String, at position: Int) async {
            while positions.withLock({ $0[id]?.last }) != position { await Task.yield() }
        }
    }

    @Test("One beyond the limit waits, hears its place, and begins when another ends")
    func total() async throws {
        let sessions = Sessions(total: 2)
        for id in ["a", "b"] { try await sessions.start(id, "user").value }
        let third = await sessions.start("c", "user")
        let fourth = await sessions.start("d", "user")
        await sessions.wait(for: "c", at: 1)
        await sessions.wait(for: "d", at: 2)
        #expect(await sessions.queue.position(of: "d") == 2)
        #expect(await sessions.queue.position(of: "a") == nil)
        await sessions.queue.leave("a")
        try await third.value
        await sessions.wait(for: "d", at: 1)
        await sessions.queue.leave("b")
        try await fourth.value
        #expect(await sessions.queue.count == 0)
        #expect(sessions.positions.withLock { $0 } == ["c": [1], "d": [2, 1]])
    }

    @Test("Among users it is fair, within a user the first comes first")
    func fair() async throws {
        let sessions = Sessions(total: 1)
        try await sessions.start("a1", "ann").value
        var waiting: [String: Task<Void, any Error>] = [:]
        for id in ["a2", "a3", "a4"] { waiting[id] = await sessions.start(id, "ann") }
        for id in ["b1", "b2"] { waiting[id] = await sessions.start(id, "bob") }
        await sessions.wait(for: "b1", at: 1)
        await sessions.wait(for: "a4", at: 5)
        #expect(await sessions.queue.position(of: "a2") == 2)
        var last = "a1"
        for next in ["b1", "a2", "b2", "a3", "a4"] {
            await sessions.queue.leave(last)
            try await waiting[next]?.value
            last = next
        }
        #expect(sessions.admitted.withLock { $0 } == ["a1", "b1", "a2", "b2", "a3", "a4"])
    }

    @Test("A user's own limit leaves room for others")
    func perUser() async throws {
        let sessions = Sessions(total: 3, perUser: 1)
        try await sessions.start("a1", "ann").value
        let second = await sessions.start("a2", "ann")
        await sessions.wait(for: "a2", at: 1)
        try await sessions.start("b1", "bob").value
        #expect(await sessions.queue.position(of: "a2") == 1)
        await sessions.queue.leave("a1")
        try await second.value
    }

    @Test("Who is cancelled leaves the queue, and the others move up")
    func cancel() async throws {
        let sessions = Sessions(total: 1)
        try await sessions.start("a", "user").value
        let second = await sessions.start("b", "user")
        let third = await sessions.start("c", "user")
        await sessions.wait(for: "c", at: 2)
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        await sessions.wait(for: "c", at: 1)
        await sessions.queue.leave("a")
        try await third.value
        // A session that ends while it waits is answered too.
        let fourth = await sessions.start("d", "user")
        await sessions.wait(for: "d", at: 1)
        await sessions.queue.leave("d")
        await #expect(throws: CancellationError.self) { try await fourth.value }
        await #expect(throws: CancellationError.self) { try await sessions.ask("never announced").value }
    }

    @Test("After a restart the places are as they were, in whichever order the sessions ask")
    func restart() async throws {
        let sessions = Sessions(total: 1)
        await sessions.queue.occupy("running", user: "ann")
        for id in ["q1", "q2", "q3"] { await sessions.queue.announce(id, user: "ann") }
        let third = sessions.ask("q3")
        await sessions.wait(for: "q3", at: 3)
        let first = sessions.ask("q1")
        await sessions.wait(for: "q1", at: 1)
        // The first is next, and the second keeps its place although it has not asked yet.
        await sessions.queue.leave("running")
        try await first.value
        await sessions.wait(for: "q3", at: 2)
        await sessions.queue.leave("q1")
        try await sessions.ask("q2").value
        await sessions.queue.leave("q2")
        try await third.value
        try await sessions.ask("q3").value
    }
}
