import AgentProtocol
import JSON

/// Ends a turn that no longer gets anywhere: steps, tokens, time, repeats.
struct LoopGuard {
    private let maximumSteps: Int
    private let maximumTokens: Int
    private let maximumTime: Duration
    private let limits: AgentLimits
    private let started: ContinuousClock.Instant
    private var waited: Duration = .zero
    private(set) var steps = 0
    private var tokens = 0
    /// A hash: the results themselves may be large.
    private var lastSignature: Int?
    private var repeats = 0

    init(budgets: Budgets?, limits: AgentLimits, now: ContinuousClock.Instant) {
        // A client can only narrow what the service allows.
        maximumSteps = min(budgets?.maxSteps ?? limits.steps, limits.steps)
        maximumTokens = min(budgets?.maxTokens ?? limits.tokens, limits.tokens)
        maximumTime = .seconds(min(budgets?.maxSeconds ?? limits.seconds, limits.seconds))
        self.limits = limits
        started = now
    }

    /// Counts a model answer.
    mutating func answered(_ usage: TokenUsage) {
        steps += 1
        tokens += usage.total
    }

    /// Time in which the user was asked does not count.
    mutating func waited(_ duration: Duration) { waited += duration }

    enum RepeatVerdict: Equatable { case fine, notice, end }

    /// Counts equal rounds of calls with equal results.
    mutating func executed(calls: String, results: String) -> RepeatVerdict {
        var hasher = Hasher()
        hasher.combine(calls)
        hasher.combine(results)
        let signature = hasher.finalize()
        repeats = signature == lastSignature ? repeats + 1 : 1
        lastSignature = signature
        if repeats >= limits.repeatsBeforeEnd { return .end }
        return repeats >= limits.repeatsBeforeNotice ? .notice : .fine
    }

    /// Why the next step may not be taken; nil when it may.
    func reasonToEnd(now: ContinuousClock.Instant) -> String? {
        if steps >= maximumSteps { return "the limit of \(maximumSteps) steps is reached" }
        if tokens >= maximumTokens { return "the limit of \(maximumTokens) tokens is reached" }
        if now - started - waited >= maximumTime {
            return "the limit of \(maximumTime.components.seconds) s is reached"
        }
        return nil
    }
}
