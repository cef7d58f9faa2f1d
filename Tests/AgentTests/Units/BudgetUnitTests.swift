import AgentProtocol
import Models
import Testing

@testable import Agent

@Suite("Budgets by themselves") struct BudgetUnitTests {
    @Test("The clock stands still while anybody is asked, however many questions are open")
    func clock() {
        let start = ContinuousClock.now
        func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }
        var clock = WorkClock(now: start, elapsed: .seconds(5), waited: .seconds(2))
        #expect(clock.worked(now: at(10)) == .seconds(13))
        clock.asks(now: at(10))
        #expect(clock.isStanding)
        clock.asks(now: at(20))
        #expect(clock.worked(now: at(25)) == .seconds(13))
        clock.answered(now: at(30))
        #expect(clock.worked(now: at(35)) == .seconds(13))
        clock.answered(now: at(40))
        clock.answered(now: at(41))
        #expect(!clock.isStanding && clock.worked(now: at(50)) == .seconds(23))
        #expect(clock.elapsed(now: at(50)) == .seconds(55) && clock.waited(now: at(50)) == .seconds(32))
    }

    @Test("The least of the service's, the client's and the built-in limits holds for a turn")
    func limits() {
        let limits = AgentLimits()
        func limit(_ service: BudgetLimits.Limit?, _ client: Budgets?) -> BudgetLimits.Limit {
            BudgetLimits.Limit(turn: service, client: client, limits: limits)
        }
        #expect(limit(nil, nil) == .init(tokens: limits.tokens, seconds: limits.seconds, steps: limits.steps))
        let wide = Budgets(maxSteps: .max, maxTokens: .max, maxSeconds: .max, maxCostMicros: 7)
        #expect(limit(.init(costMicros: 5), wide).costMicros == 5 && limit(nil, wide).seconds == limits.seconds)
        #expect(
            limit(.init(tokens: 9, seconds: 8, steps: 7), Budgets(maxSteps: 3))
                == .init(tokens: 9, seconds: 8, steps: 3))
    }

    @Test("Limits that are passed are told with their amounts")
    func reasons() {
        func reason(_ scope: BudgetScope, _ spent: Spending, _ limit: BudgetLimits.Limit, _ next: Spending) -> String? {
            BudgetMeter.readings(scope, spent, limit, next: next).first(where: \.isSpent)?.spent().reason
        }
        let nothing = Spending()
        #expect(reason(.turn, Spending(steps: 2), .init(steps: 2), nothing) == "the limit of 2 steps is reached")
        #expect(reason(.turn, Spending(steps: 0), .init(steps: -1), nothing) == "the limit of -1 steps is reached")
        #expect(reason(.turn, Spending(tokens: 99), .init(tokens: 100), Spending(tokens: 1)) == nil)
        #expect(
            reason(.turn, Spending(tokens: 99), .init(tokens: 100), Spending(tokens: 2))
                == "the limit of 100 tokens would be passed by the next answer")
        #expect(reason(.turn, Spending(milliseconds: 9_999), .init(seconds: 10), nothing) == nil)
        #expect(
            reason(.turn, Spending(milliseconds: 10_000), .init(seconds: 10), nothing) == "the limit of 10 s is reached"
        )
        #expect((Spending(tokens: .max) + Spending(tokens: 1)).tokens == .max)
    }

    /// Nobody has spent anything yet.
    private struct EmptyBook: UsageLedger {
        func spent(user: String?, in scope: BudgetScope) async throws -> Spending { Spending() }
    }

    @Test("Sessions side by side do not spend the same rest twice")
    func reservations() async throws {
        let reservations = BudgetReservations()
        func budget(_ user: String, _ scope: BudgetScope) -> SessionBudget {
            SessionBudget(
                BudgetLimits([scope: .init(tokens: 1000)]), ledger: EmptyBook(), reservations: reservations, user: user)
        }
        let (first, second) = (budget("ann", .userDay), budget("ann", .userDay))
        let call = try await first.open(600, nil, isLoop: true)
        await #expect(throws: BudgetSpent.self) { _ = try await second.open(600, nil, isLoop: true) }
        // Another user has a budget of their own, but the organisation's is everybody's.
        let other = budget("ben", .userDay)
        await other.close(try await other.open(600, nil, isLoop: true))
        let all = budget("ben", .organisationDay)
        await #expect(throws: BudgetSpent.self) { _ = try await all.open(600, nil, isLoop: true) }
        await first.close(call)
        await second.close(try await second.open(600, nil, isLoop: true))
        #expect(reservations.held(by: nil, except: nil) == Spending())
    }

    @Test("What answers took so far says what the next one takes: most of the input is in the cache")
    func calibration() async throws {
        let prices = ModelPrices(input: 10_000_000, output: 0, cacheRead: 1_000_000, cacheWrite: 0)
        let model = NamedModel(name: "m", settings: ModelSettings(provider: .replay, model: "m"), prices: prices)
        var call = BudgetCall(estimate: 1000, isLoop: true, model, nil)
        #expect(call.amount == Spending(tokens: 1000, costMicros: 10_000))
        let response = ModelResponse(
            model: "m", content: [], stopReason: .endTurn, usage: ModelUsage(input: 100, output: 50, cacheRead: 1900))
        let calibration = try #require(BudgetCall.Calibration(response, estimate: 1000, prices: prices))
        call.ask(model, calibration)
        #expect(call.amount == Spending(tokens: 2000, costMicros: 2900))
        call.outputBytes = 41
        #expect(call.amount.tokens == 2011)
        call.room = .init(tokens: 2010)
        #expect(call.isPastItsRoom)
        #expect(BudgetCall.Calibration(response, estimate: 0, prices: prices) == nil)
    }
}
