import AgentProtocol
import JSON

/// Ends a turn that no longer gets anywhere: the same calls with the same results, attempts that were made before.
struct LoopGuard {
    private let limits: AgentLimits
    /// Model answers of the turn.
    private(set) var steps = 0
    /// A hash: the results themselves may be large.
    private var lastSignature: UInt64?
    private var repeats = 0
    /// Attempts of this turn that failed, the oldest first.
    private var attempts: [Attempt] = []

    /// A round of calls after which checks failed, or a call that failed by itself.
    struct Attempt: Codable, Sendable, Equatable {
        /// The model's answer of this turn that made it, from 1.
        var step: Int
        var calls: UInt64
        var tree: UInt64
        var failure: UInt64
    }

    /// Attempts that are remembered: more than a turn that converges makes.
    static let maximumAttempts = 256

    /// What a later service needs to go on counting. Time without a service does not count.
    struct Kept: Codable, Sendable {
        var steps: Int
        var tokens: Int
        var elapsedMilliseconds: Int
        var waitedMilliseconds: Int
        var signature: UInt64?
        var repeats: Int
        /// Absent in what an earlier version kept.
        var attempts: [Attempt]?
        var cost: Int?
        /// What of time and steps the sums of the day hold.
        var chargedMilliseconds: Int?
        var chargedSteps: Int?
    }

    /// - Parameter meter: what the turn took.
    func kept(_ meter: TurnMeter?, now: ContinuousClock.Instant = .now) -> Kept {
        var kept = Kept(
            steps: steps, tokens: 0, elapsedMilliseconds: 0, waitedMilliseconds: 0, signature: lastSignature,
            repeats: repeats, attempts: attempts)
        meter?.keep(in: &kept, now: now)
        return kept
    }

    /// - Parameter kept: what a former service counted.
    init(_ limits: AgentLimits, kept: Kept? = nil) {
        self.limits = limits
        guard let kept else { return }
        steps = kept.steps
        lastSignature = kept.signature
        repeats = kept.repeats
        attempts = kept.attempts ?? []
    }

    /// The model has answered.
    /// - Parameter step: how many times it has in this turn.
    mutating func answered(step: Int) { steps = step }

    enum RepeatVerdict: Equatable { case fine, notice, end }

    /// Counts equal rounds of calls with equal results.
    mutating func executed(calls: String, results: String) -> RepeatVerdict {
        let signature = Self.signature(calls, results)
        repeats = signature == lastSignature ? repeats + 1 : 1
        lastSignature = signature
        if repeats >= limits.repeatsBeforeEnd { return .end }
        return repeats >= limits.repeatsBeforeNotice ? .notice : .fine
    }

    /// The checks have run after a round of calls that changed files.
    /// - Returns: what the model is to be told when it has been here before.
    mutating func checked(calls: String, tree: String, evidence: [CheckEvidence]) -> String? {
        let failed = evidence.filter { !$0.passed }
        guard !failed.isEmpty else { return nil }
        let failure = failed.map { check in
            let result = check.result
            return "\(check.name) \(result.status.rawValue) \(result.exitCode ?? -1) \(result.signal ?? -1) "
                + "\(check.errors) \(check.warnings) \(check.tests.map { "\($0.passed) \($0.failed) \($0.skipped)" } ?? "")"
        }
        let attempt = Attempt(
            step: steps, calls: Self.signature(calls), tree: Self.signature(tree),
            failure: Self.signature(failure.joined(separator: "\n")))
        let alike = attempts.filter { $0.failure == attempt.failure }
        remember(attempt)
        let names = failed.map { "`\($0.name)`" }.joined(separator: ", ")
        if let before = alike.first(where: { $0.tree == attempt.tree }) {
            return "The files are again as they were after step \(before.step), and \(names) fails in the same way. "
                + "This attempt was made before: try another way."
        }
        if let before = alike.first(where: { $0.calls == attempt.calls }) {
            return
                "This attempt was made before, at step \(before.step), with the same result: \(names) fails in the same "
                + "way. Try another way."
        }
        return nil
    }

    /// A call has failed by itself.
    /// - Returns: the step at which it failed in the same way on the same files, if it did.
    mutating func failed(call: String, tree: String, result: String) -> Int? {
        let attempt = Attempt(
            step: steps, calls: Self.signature(call), tree: Self.signature(tree),
            failure: Self.signature("call", result))
        let before = attempts.first {
            $0.calls == attempt.calls && $0.tree == attempt.tree && $0.failure == attempt.failure && $0.step < steps
        }
        remember(attempt)
        return before?.step
    }

    private mutating func remember(_ attempt: Attempt) {
        attempts.append(attempt)
        if attempts.count > Self.maximumAttempts { attempts.removeFirst() }
    }

    /// The same in every process, unlike Swift's own: FNV-1a, with a byte after each text that is no text.
    private static func signature(_ texts: String...) -> UInt64 {
        var signature: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in texts {
            for byte in text.utf8 { signature = (signature ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
            signature = (signature ^ 0xFF) &* 0x0000_0100_0000_01b3
        }
        return signature
    }
}
