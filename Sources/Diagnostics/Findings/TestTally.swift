import AgentProtocol

/// Counts the tests of one output.
///
/// The same run may be told twice, by name in a report and as totals in the text, and one output may hold several runs
/// (a package each): totals of one parser add up, and of two parsers the one that knows of more tests is believed.
struct TestTally {
    private var named: [String: Named] = [:]
    private var totals: [String: TestCounts] = [:]
    private var names = 0

    /// More tests than any run has.
    private static let most = 1 << 32

    /// What one parser was told by name.
    private struct Named {
        var counts = TestCounts()
        var outcomes: [String: TestResults.Outcome] = [:]
    }

    /// A test has ended. Of a test that ran twice the last run counts.
    mutating func add(_ name: String, _ outcome: TestResults.Outcome, parser: String) {
        let key = name.utf8.count <= DiagnosticLimits.messageBytes ? name : String(name[...].limited(toBytes: 256))
        var own = named[parser, default: Named()]
        // Not copied while it is changed.
        named[parser] = nil
        defer { named[parser] = own }
        if let before = own.outcomes[key] {
            own.counts[before] -= 1
            own.outcomes[key] = outcome
        } else if names < DiagnosticLimits.tests {
            names += 1
            own.outcomes[key] = outcome
        }
        own.counts[outcome] += 1
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

    /// nil when no parser saw a test.
    var results: TestResults? {
        let counts = totals.merging(named.mapValues(\.counts)) { $0.total >= $1.total ? $0 : $1 }.values
        guard let most = counts.max(by: { ($0.total, $0.failed) < ($1.total, $1.failed) }) else { return nil }
        return TestResults(counts: most, outcomes: outcomes)
    }

    /// Those of all parsers. A test that two tell of, each by its own name, is one: by the runner's own name rather
    /// than by that in its report.
    private var outcomes: [String: TestResults.Outcome] {
        var all: [String: TestResults.Outcome] = [:]
        var known: [String: String] = [:]
        // In the order of the names, so that the same output always gives the same.
        for own in named.sorted(by: {
            ($0.key == JUnitParser.name ? 1 : 0, $0.key) < ($1.key == JUnitParser.name ? 1 : 0, $1.key)
        }) {
            guard named.count > 1 else { return own.value.outcomes }
            var keys: [String: String] = [:]
            for (name, outcome) in own.value.outcomes {
                let key = FailedTestIndex.key(name)
                let shown = known[key] ?? name
                if all[shown] != .failed { all[shown] = outcome }
                keys[key] = shown
            }
            known.merge(keys) { first, _ in first }
        }
        return all
    }
}

extension TestCounts {
    fileprivate subscript(outcome: TestResults.Outcome) -> Int {
        get {
            switch outcome {
            case .passed: passed
            case .failed: failed
            case .skipped: skipped
            }
        }
        set {
            switch outcome {
            case .passed: passed = newValue
            case .failed: failed = newValue
            case .skipped: skipped = newValue
            }
        }
    }
}
