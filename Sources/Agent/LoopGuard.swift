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
    private var lastSignature: UInt64?
    private var repeats = 0

    /// What a later service needs to go on counting. Time without a service does not count.
    struct Kept: Codable, Sendable {
        var steps: Int
        var tokens: Int
        var elapsedMilliseconds: Int
        var waitedMilliseconds: Int
        var signature: UInt64?
        var repeats: Int
    }

    func kept(now: ContinuousClock.Instant) -> Kept {
        Kept(
            steps: steps, tokens: tokens, elapsedMilliseconds: elapsedMilliseconds(now: now),
            waitedMilliseconds: Int(waited / .milliseconds(1)), signature: lastSignature, repeats: repeats)
    }

    /// Since the beginning, waiting included.
    func elapsedMilliseconds(now: ContinuousClock.Instant) -> Int { Int((now - started) / .milliseconds(1)) }

    /// - Parameter kept: what a former service counted.
    init(budgets: Budgets?, limits: AgentLimits, now: ContinuousClock.Instant, kept: Kept) {
        self.init(budgets: budgets, limits: limits, now: now - .milliseconds(kept.elapsedMilliseconds))
        waited = .milliseconds(kept.waitedMilliseconds)
        steps = kept.steps
        tokens = kept.tokens
        lastSignature = kept.signature
        repeats = kept.repeats
    }

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
        // The same in every process, unlike Swift's own: FNV-1a, with a byte between that is no text.
        var signature: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in [calls, results] {
            for byte in text.utf8 { signature = (signature ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
            signature = (signature ^ 0xFF) &* 0x0000_0100_0000_01b3
        }
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
