import AgentProtocol
import Models
import Testing

@testable import Agent

/// What everybody has spent.
private struct Book: UsageLedger {
    var users = Spending()
    var everybody = Spending()

    func spent(user: String?, in scope: BudgetScope) async throws -> Spending { user == nil ? everybody : users }
}

@Suite("Budgets", .timeLimit(.minutes(10)))
struct BudgetTests {
    /// Each scripted answer costs a dollar.
    private static let prices = ModelPrices(input: 100_000_000_000, output: 0, cacheRead: 0, cacheWrite: 0)

    private func options(_ scopes: [BudgetScope: BudgetLimits.Limit], _ book: Book? = nil) -> TestSession.Options {
        var options = TestSession.Options(files: ["a.c": "old\n"], checks: [])
        options.prices = Self.prices
        options.spendable = BudgetLimits(scopes)
        options.ledger = book
        return options
    }

    private func warning(_ test: TestSession) async throws -> BudgetWarned {
        try await test.next { if case .budgetWarned(let event) = $0 { event } else { nil } }
    }

    private func writes(_ count: Int) -> [ScriptedProvider.Step] {
        (1...count).map { Say.calls(write("\($0)", "a.c", "text \($0)\n")) }
    }

    @Test(
        "Money: a warning at four fifths, a clean end with the work kept, and a session that says so when asked again")
    func money() async throws {
        let fake = try await FakeSession(
            options([.session: .init(costMicros: 2_400_000)]), writes(3) + [Say.text("Never asked.")])
        let warned = try await warning(fake.test)
        #expect(warned == BudgetWarned(scope: .session, kind: .cost, used: 2_000_000, limit: 2_400_000))
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .limit && turn.reason == "the session's budget of $2.40 is spent")
        #expect(turn.changedFiles == ["a.c"] && turn.steps == 3)
        _ = try await fake.test.state(.idle)
        // A later service remembers what was spent, and that it was announced.
        let next = try await fake.killed([Say.text("Never asked.")])
        _ = try await next.session.prompt(AgentPrompt.Params(sessionId: "s", text: "go on"))
        let second: TurnCompleted = try await next.next {
            if case .turnCompleted(let turn) = $0, turn.turnId == "turn-2" { turn } else { nil }
        }
        #expect(second.outcome == .limit && second.steps == 0)
        #expect(next.provider.requests.isEmpty)
        try await next.finish()
    }

    @Test("A turn's budget begins anew with the next prompt; the client can only narrow it")
    func turns() async throws {
        var options = options([.turn: .init(costMicros: 9_000_000)])
        options.budgets = Budgets(maxCostMicros: 1_000_000)
        let fake = try await FakeSession(options, writes(1) + writes(1))
        #expect(try await fake.test.turn().reason == "the budget of $1.00 of a turn is spent")
        _ = try await fake.test.state(.idle)
        _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "go on"))
        #expect(try await fake.test.turn().steps == 1)
        try await fake.test.finish()
    }

    @Test("What the next request would pass is not asked: the user's day, the organisation's month")
    func shared() async throws {
        let limit = BudgetLimits.Limit(tokens: 1000)
        let user = try await FakeSession(
            options([.userDay: limit], Book(users: Spending(tokens: 999))), [Say.text("Never asked.")])
        let first = try await user.test.turn()
        #expect(
            first.outcome == .limit && first.reason.hasPrefix("your budget of 1000 tokens of a day would be passed"))
        #expect(user.test.provider.requests.isEmpty)
        try await user.test.finish()
        let all = try await FakeSession(
            options(
                [.organisationMonth: .init(costMicros: 5_000_000)],
                Book(users: Spending(), everybody: Spending(costMicros: 5_000_000))), [Say.text("Never asked.")])
        #expect(try await all.test.turn().reason == "the organisation's budget of $5.00 of a month is spent")
        try await all.test.finish()
    }
}
