import AgentProtocol

/// Counts the tests of one output.
///
/// The same run may be told twice, by name in a report and as totals in the text, and one output may hold several runs
/// (a package each): totals of one parser add up, and of two parsers the one that knows of more tests is believed.
struct TestTally {
    private var outcomes: [String: TestResults.Outcome] = [:]
    private var named: [String: TestCounts] = [:]
    private var totals: [String: TestCounts] = [:]

    /// More tests than any run has.
    private static let most = 1 << 32

    /// A test has ended. Of a test that ran twice the last run counts.
    mutating func add(_ name: String, _ outcome: TestResults.Outcome, parser: String) {
        let key = name.utf8.count <= DiagnosticLimits.messageBytes ? name : String(name[...].limited(toBytes: 256))
        if let before = outcomes[key] {
            change(before, parser: parser, by: -1)
        } else if outcomes.count >= DiagnosticLimits.tests {
            change(outcome, parser: parser, by: 1)
            return
        }
        outcomes[key] = outcome
        change(outcome, parser: parser, by: 1)
    }

    /// The runner has printed its totals.
    mutating func add(_ counts: TestCounts, parser: String) {
        // Read from the output, so of any size.
        func sum(_ one: Int, _ other: Int) -> Int { min(one + min(max(0, other), Self.most), Self.most) }
        let before = totals[parser] ?? TestCounts()
        totals[parser] = TestCounts(
            passed: sum(before.passed, counts.passed), failed: sum(before.failed, counts.failed),
            skipped: sum(before.skipped, counts.skipped))
    }

    private mutating func change(_ outcome: TestResults.Outcome, parser: String, by step: Int) {
        switch outcome {
        case .passed: named[parser, default: TestCounts()].passed += step
        case .failed: named[parser, default: TestCounts()].failed += step
        case .skipped: named[parser, default: TestCounts()].skipped += step
        }
    }

    /// nil when no parser saw a test.
    var results: TestResults? {
        let counts = totals.merging(named) { $0.total >= $1.total ? $0 : $1 }.values
        guard let most = counts.max(by: { ($0.total, $0.failed) < ($1.total, $1.failed) }) else { return nil }
        return TestResults(counts: most, outcomes: outcomes)
    }
}
