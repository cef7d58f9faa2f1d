import AgentProtocol

/// The tests that an output tells of.
public struct TestResults: Codable, Sendable, Equatable {
    /// How a test ended.
    public enum Outcome: String, Codable, Sendable, CaseIterable {
        case passed, failed, skipped
    }

    /// The runner's own totals where it prints some, else what was counted.
    public var counts: TestCounts
    /// By the name that the runner prints; at most `DiagnosticLimits.tests`, and none for runners that name only failures.
    public var outcomes: [String: Outcome]

    public init(counts: TestCounts = TestCounts(), outcomes: [String: Outcome] = [:]) {
        self.counts = counts
        self.outcomes = outcomes
    }
}
