import AgentProtocol
import Testing

@testable import Store

@Suite("Usage") struct UsageTests {
    /// 2026-11-28, noon.
    private let noon = 1_795_867_200_000

    private func tokens(_ input: Int, _ output: Int) -> TokenUsage {
        TokenUsage(inputTokens: input, outputTokens: output, cacheReadTokens: 7, cacheWriteTokens: 3)
    }

    private func rows(
        _ store: Store, _ groups: UsageGroup..., since: String? = nil, until: String? = nil, user: String? = nil
    ) throws -> [UsageRow] {
        try store.usage(by: groups, since: since, until: until, user: user, limit: 100)
    }

    @Test func answersAreSummedBothWays() async throws {
        let store = try TestStore()
        for (id, user) in [("a", "ann"), ("b", "ben")] {
            var record = record(id)
            record.user = user
            try store.store.save(record)
        }
        for (session, model, cost) in [("a", "m1", 100), ("a", "m2", nil), ("b", "m1", 50), ("b", "m1", 50)] {
            let log = try EventLog(sessionId: session, store: store.store)
            try await log.append(
                .usageUpdated(
                    UsageUpdated(step: tokens(10, 2), session: tokens(99, 99), model: model, costMicros: cost)))
        }
        let all = try rows(store.store)
        #expect(all.count == 1)
        #expect(all[0].answers == 4 && all[0].costMicros == 200 && all[0].unpriced == 1)
        #expect(
            all[0].tokens
                == TokenUsage(inputTokens: 40, outputTokens: 8, cacheReadTokens: 28, cacheWriteTokens: 12))
        #expect(all[0].user == nil && all[0].model == nil && all[0].day == nil && all[0].repository == nil)
        #expect(try rows(store.store, .user).map(\.user) == ["ann", "ben"])
        let models = try rows(store.store, .model)
        #expect(models.map(\.model) == ["m1", "m2"] && models.map(\.costMicros) == [200, 0])
        #expect(try rows(store.store, .model, .user, user: "ben").map(\.answers) == [2])
        // What is removed stays in the sums.
        try store.store.remove("a")
        #expect(try rows(store.store) == all)
    }

    @Test func daysAreOfUTCAndIncluded() throws {
        let made = try TestStore()
        let store = made.store
        for (days, input) in [(0, 1), (1, 10), (2, 100)] {
            try store.append(
                [], keeping: [],
                charging: Store.UsageEntry(
                    time: noon + days * 86_400_000, user: "", repository: "/r", model: "m", tokens: tokens(input, 0),
                    costMicros: 1), to: "none")
        }
        #expect(try rows(store, .day).map(\.day) == ["2026-11-28", "2026-11-29", "2026-11-30"])
        let some = try rows(store, since: "2026-11-29", until: "2026-11-29")
        #expect(some.map(\.tokens.inputTokens) == [10])
        #expect(try rows(store, since: "2027-01-01").map(\.answers) == [0])
        #expect(try rows(store, .model, since: "2027-01-01").isEmpty)
    }

    @Test func workAndAttemptsAreSummed() async throws {
        let made = try TestStore()
        for (id, user) in [("a", "ann"), ("b", "ben")] {
            var record = record(id)
            record.user = user
            try made.store.save(record)
        }
        let log = try EventLog(sessionId: "a", store: made.store)
        try await log.append(
            .usageUpdated(UsageUpdated(step: tokens(10, 2), session: tokens(10, 2), model: "m", estimated: true)),
            working: Store.Work(milliseconds: 1500, steps: 1))
        try await log.keep([], working: Store.Work(milliseconds: 500))
        try await EventLog(sessionId: "b", store: made.store).keep([], working: Store.Work(milliseconds: 7, steps: 2))
        #expect(try rows(made.store).map(\.answers) == [0] && rows(made.store)[0].tokens.total == 22)
        #expect(try rows(made.store)[0].unpriced == 0)
        #expect(try made.store.worked(user: "ann", since: .today) == Store.Work(milliseconds: 2000, steps: 1))
        #expect(try made.store.worked(user: nil, since: .thisMonth) == Store.Work(milliseconds: 2007, steps: 3))
        #expect(try made.store.worked(user: "eve", since: .thisMonth) == Store.Work())
    }
}
