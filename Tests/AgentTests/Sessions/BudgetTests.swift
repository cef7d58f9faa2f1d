import AgentProtocol
import Models
import TestSupport
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
    /// Each answer of ``writes(_:)`` costs a dollar, and a first request some tenths as estimated.
    private static let prices = ModelPrices(input: 50_000_000, output: 50_000_000, cacheRead: 0, cacheWrite: 0)
    private static let usage = ModelUsage(input: 19_900, output: 100)

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
        (1...count).map { number in
            let call = write("\(number)", "a.c", "text \(number)\n")
            return { _ in
                [
                    .toolCall(call),
                    .completed(
                        ModelResponse(
                            model: "m", content: [.toolCall(call)], stopReason: .toolUse, usage: Self.usage)),
                ]
            }
        }
    }

    /// Says so many bytes, a kibibyte at a time, and never ends.
    private func speaks(_ bytes: Int) -> ScriptedProvider.Step {
        { _ in
            [ModelEvent](repeating: .textDelta(String(repeating: "w", count: 1024)), count: bytes / 1024)
                + [Say.silence]
        }
    }

    private func updates(_ test: TestSession) throws -> [UsageUpdated] {
        try test.events().compactMap { if case .usageUpdated(let update) = $0 { update } else { nil } }
    }

    private func goOn(_ test: TestSession, turn: String = "turn-2") async throws -> TurnCompleted {
        _ = try await test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "go on"))
        return try await test.next {
            if case .turnCompleted(let completed) = $0, completed.turnId == turn { completed } else { nil }
        }
    }

    @Test(
        "Money: a warning at four fifths, a clean end with the work kept, and a session that goes on once there is more"
    )
    func money() async throws {
        let fake = try await FakeSession(
            options([.session: .init(costMicros: 2_050_000)]), writes(2) + [Say.text("Never asked.")])
        let warned = try await warning(fake.test)
        #expect(warned == BudgetWarned(scope: .session, kind: .cost, used: 2_000_000, limit: 2_050_000))
        let turn = try await fake.test.turn()
        #expect(
            turn.outcome == .limit
                && turn.reason == "the session's budget of $2.05 would be passed by the next answer")
        #expect(turn.changedFiles == ["a.c"] && turn.steps == 2)
        _ = try await fake.test.state(.idle)
        // A later service remembers what was spent, and that it was announced.
        let next = try await fake.killed([Say.text("Never asked.")])
        let second = try await goOn(next)
        #expect(second.outcome == .limit && second.steps == 0)
        #expect(next.provider.requests.isEmpty)
        let raised = try await fake.killed(
            writes(1) + [Say.text("Done.")], options: options([.session: .init(costMicros: 9_000_000)]))
        #expect(try await goOn(raised).steps == 2)
        #expect(try updates(raised).last?.sessionCostMicros ?? 0 > 3_000_000)
        try await raised.finish()
        try await next.finish()
    }

    @Test("A turn's budget begins anew with the next prompt; the client can only narrow it")
    func turns() async throws {
        var options = options([.turn: .init(costMicros: 9_000_000)])
        options.budgets = Budgets(maxCostMicros: 1_000_000)
        let fake = try await FakeSession(options, writes(1) + writes(1))
        #expect(try await fake.test.turn().reason == "the budget of $1.00 of a turn is spent")
        _ = try await fake.test.state(.idle)
        #expect(try await goOn(fake.test).steps == 1)
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
        for (limit, spent, amount) in [
            (BudgetLimits.Limit(costMicros: 5_000_000), Spending(costMicros: 5_000_000), "$5.00"),
            (BudgetLimits.Limit(seconds: 60), Spending(milliseconds: 60_000), "60 s"),
            (BudgetLimits.Limit(steps: 7), Spending(steps: 7), "7 steps"),
        ] {
            let all = try await FakeSession(
                options([.organisationMonth: limit], Book(everybody: spent)), [Say.text("Never asked.")])
            #expect(try await all.test.turn().reason == "the organisation's budget of \(amount) of a month is spent")
            #expect(all.test.provider.requests.isEmpty)
            try await all.test.finish()
        }
    }

    @Test("An answer is cut where the budget ends; what it took counts as estimated, and the session goes on")
    func cut() async throws {
        let limits: [BudgetScope: BudgetLimits.Limit] = [.session: .init(tokens: 60_000)]
        let fake = try await FakeSession(options(limits), writes(1) + [speaks(400_000)])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .limit && turn.changedFiles == ["a.c"])
        #expect(turn.reason == "the session's budget of 60000 tokens was used up in the middle of an answer")
        let last = try #require(try updates(fake.test).last)
        #expect(last.estimated == true && last.step.outputTokens > 1000 && last.costMicros ?? 0 > 0)
        // By no more than what came at once.
        #expect((60_000...61_000).contains(last.session.total))
        let sums = try fake.test.store.usage(by: [], since: nil, until: nil, user: nil, limit: 1)
        #expect(sums.first?.tokens.total == last.session.total && sums.first?.answers == 1)
        let raised = try await fake.killed([Say.text("Done.")], options: options([.session: .init(tokens: 200_000)]))
        #expect(try await goOn(raised).outcome != .limit)
        try await raised.finish()
        try await fake.test.finish()
    }

    @Test("An attempt that breaks off counts, whether it is asked again or another model goes on")
    func attempts() async throws {
        let text = String(repeating: "w", count: 4000)
        let first = FailingProvider([.init([.textDelta(text)], fails: .streamCut("cut"))])
        let second = ScriptedProvider([Say.text("Done.")])
        func routed(_ name: String, _ provider: any ModelProvider) -> RoutedModel {
            RoutedModel(
                NamedModel(name: name, settings: ModelSettings(provider: .replay, model: name), prices: Self.prices),
                provider: provider)
        }
        var options = options([:])
        options.models = ModelCatalog([routed("a", first), routed("b", second)], roles: [.edit: ["a", "b"]])
        let fake = try await FakeSession(options, [])
        _ = try await fake.test.turn()
        let updates = try updates(fake.test)
        #expect(updates.map(\.model) == ["a", "b"] && updates.map(\.estimated) == [true, nil])
        #expect(updates.first?.step.outputTokens == 1000 && updates.first?.step.inputTokens ?? 0 > 500)
        #expect(updates.last?.session.total == updates.map(\.step.total).reduce(0, +))
        try await fake.test.finish()
    }

    @Test("The user's cancelling counts what was said")
    func cancelled() async throws {
        let fake = try await FakeSession(options([:]), [speaks(4096)])
        for _ in 0..<4 { try await fake.test.next { if case .messageDelta = $0 { true } else { nil } } }
        await fake.test.session.cancel()
        #expect(try await fake.test.turn().outcome == .cancelled)
        let updates = try updates(fake.test)
        #expect(updates.map(\.estimated) == [true] && updates.first?.step.outputTokens == 1024)
        try await fake.test.finish()
    }

    @Test("Time that is over ends a turn in the middle of an answer")
    func time() async throws {
        var options = options([:])
        options.budgets = Budgets(maxSeconds: 1)
        let fake = try await FakeSession(options, [speaks(1024), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .limit && turn.reason == "the limit of 1 s is reached")
        _ = try await fake.test.state(.idle)
        // The next turn has its own second, or ends by it.
        #expect(try await goOn(fake.test).turnId == "turn-2")
        try await fake.test.finish()
    }

    @Test("What programs ask counts for the session, and is refused once nothing is left")
    func programs() async throws {
        let fake = try await FakeSession(
            options([.session: .init(tokens: 65_000)]),
            writes(1) + [Say.text("Done.", usage: Self.usage), Say.text("For a program.", usage: Self.usage)])
        _ = try await fake.test.state(.idle)
        let models = fake.test.session.models
        func ask() async throws -> [ModelEvent] {
            let request = ModelRequest(messages: [.user(String(repeating: "w", count: 20_000))], sessionKey: "p")
            try await models.admit(request)
            var events: [ModelEvent] = []
            for try await event in models.stream(request, forProgramNaming: "any") { events.append(event) }
            return events
        }
        #expect(try await ask().count == 2)
        #expect(models.budget.session.usage.total == 60_000)
        let spent = await #expect(throws: BudgetSpent.self) { try await ask() }
        #expect(spent?.summary == "the session's budget for models is spent")
        #expect(try await goOn(fake.test).outcome == .limit)
        #expect(fake.test.provider.requests.count == 3)
        try await fake.test.finish()
    }
}
