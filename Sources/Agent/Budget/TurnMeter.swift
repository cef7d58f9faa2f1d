import AgentProtocol
import Store

/// What one turn has taken of its limits.
struct TurnMeter: Sendable {
    let number: Int
    let limit: BudgetLimits.Limit
    /// Everything that models were asked for while it ran; its time is the clock's.
    var spent = Spending()
    var clock: WorkClock
    /// What of its time and steps the day's sums hold.
    private var charged = Store.Work()

    init(_ number: Int, _ limit: BudgetLimits.Limit, now: ContinuousClock.Instant, kept: LoopGuard.Kept? = nil) {
        self.number = number
        self.limit = limit
        clock = WorkClock(
            now: now, elapsed: .milliseconds(kept?.elapsedMilliseconds ?? 0),
            waited: .milliseconds(kept?.waitedMilliseconds ?? 0))
        guard let kept else { return }
        spent = Spending(tokens: kept.tokens, costMicros: kept.cost ?? 0, steps: kept.steps)
        charged = Store.Work(milliseconds: kept.chargedMilliseconds ?? 0, steps: kept.chargedSteps ?? 0)
    }

    /// With the time.
    func spent(now: ContinuousClock.Instant) -> Spending {
        var spent = spent
        spent.milliseconds = clock.worked(now: now).milliseconds
        return spent
    }

    /// What the day's sums do not hold yet.
    func uncharged(now: ContinuousClock.Instant) -> Store.Work {
        Store.Work(
            milliseconds: max(0, clock.worked(now: now).milliseconds - charged.milliseconds),
            steps: max(0, spent.steps - charged.steps))
    }

    /// The same, which the caller now puts there.
    mutating func charge(now: ContinuousClock.Instant) -> Store.Work {
        let work = uncharged(now: now)
        charged.milliseconds += work.milliseconds
        charged.steps += work.steps
        return work
    }

    /// Writes it into what is kept of the turn.
    func keep(in kept: inout LoopGuard.Kept, now: ContinuousClock.Instant) {
        kept.steps = spent.steps
        kept.tokens = spent.tokens
        kept.cost = spent.costMicros
        kept.elapsedMilliseconds = clock.elapsed(now: now).milliseconds
        kept.waitedMilliseconds = clock.waited(now: now).milliseconds
        kept.chargedMilliseconds = charged.milliseconds
        kept.chargedSteps = charged.steps
    }
}
