import AgentProtocol

/// What changed between two runs of a check.
public struct DiagnosticDelta: Sendable, Equatable {
    /// In the current run only.
    public var new: [Diagnostic]
    /// In the baseline only.
    public var fixed: [Diagnostic]
    /// In both, as the current run has them.
    public var remaining: [Diagnostic]

    public init(new: [Diagnostic], fixed: [Diagnostic], remaining: [Diagnostic]) {
        self.new = new
        self.fixed = fixed
        self.remaining = remaining
    }

    /// Compares by fingerprint, as multisets: of three equal findings of which two were there before, one is new (the
    /// last, as the order of the output has it).
    public static func compare(baseline: [Diagnostic], current: [Diagnostic]) -> DiagnosticDelta {
        var before: [String: Int] = [:]
        for diagnostic in baseline { before[diagnostic.fingerprint, default: 0] += 1 }
        var delta = DiagnosticDelta(new: [], fixed: [], remaining: [])
        for diagnostic in current {
            let count = before[diagnostic.fingerprint] ?? 0
            if count > 0 {
                before[diagnostic.fingerprint] = count - 1
                delta.remaining.append(diagnostic)
            } else {
                delta.new.append(diagnostic)
            }
        }
        // What is left over of the baseline; of equal ones the last, so walk backwards.
        for diagnostic in baseline.reversed() {
            guard let count = before[diagnostic.fingerprint], count > 0 else { continue }
            before[diagnostic.fingerprint] = count - 1
            delta.fixed.append(diagnostic)
        }
        delta.fixed.reverse()
        return delta
    }
}
