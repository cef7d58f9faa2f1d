import AgentProtocol

/// The tests of XCTest in one output.
struct XCTestCount {
    private var verdicts = TestCounts()
    private var listed = 0
    /// Names with their module by those without, of tests that were listed before they ran.
    private var modules: [String: String] = [:]

    mutating func add(_ outcome: TestResults.Outcome) {
        switch outcome {
        case .passed: verdicts.passed += 1
        case .failed: verdicts.failed += 1
        case .skipped: verdicts.skipped += 1
        }
    }

    /// `AppTests.XT/testOne`.
    mutating func list(_ test: Substring) {
        listed += 1
        guard modules.count < DiagnosticLimits.tests, let (_, name) = test.cut(at: ".") else { return }
        modules[String(name)] = String(test)
    }

    var counts: TestCounts {
        TestCounts(
            passed: max(verdicts.passed, listed - verdicts.failed - verdicts.skipped), failed: verdicts.failed,
            skipped: verdicts.skipped)
    }

    /// The name as it is printed: `XT.testOne`, of `-[AppTests.XT testOne]` `AppTests.XT.testOne`.
    static func label(_ text: Substring) -> String? {
        if let inner = text.after(prefix: "-[")?.before(suffix: "]") {
            return inner.utf8.split(separator: 0x20).map { String(Substring($0)) }.joined(separator: ".")
        }
        guard !text.isEmpty, text.utf8.count <= 512, text.has("."), !text.has(" ") else { return nil }
        return String(text)
    }

    /// The name as `swift test --filter` takes it: `XT/testOne`, with the module where it is known.
    func name(_ text: Substring) -> String? {
        guard let label = Self.label(text), let dot = label.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        let name = "\(label[..<dot])/\(label[label.utf8.index(after: dot)...])"
        return modules[name] ?? name
    }
}

/// The end of a test, or of the run, in Swift Testing's text.
struct SwiftTestingEnd {
    /// Of a test; nil for the run.
    var name: String?
    /// Of a test.
    var outcome: TestResults.Outcome?
    /// All tests of the run.
    var total: Int?

    /// `✘ Test equal() failed after 0.053 seconds with 1 issue.`, `➜ Test off() skipped: "not today"`,
    /// `✘ Test run with 14 tests in 1 suite failed after …`; nil for any other line.
    init?(_ line: Substring) {
        let symbols = ["✔ ", "✘ ", "━ ", "➜ ", "× ", "✗ ", "√ "]
        guard let body = symbols.lazy.compactMap({ line.after(prefix: $0) }).first?.after(prefix: "Test ") else {
            return nil
        }
        if let run = body.after(prefix: "run with "), let (count, rest) = run.cut(at: " "), rest.begins("test") {
            guard rest.has(" after ") else { return nil }
            total = count.smallNumber
            return
        }
        guard !body.begins("case ") else { return nil }
        let name: Substring
        if let (before, _) = body.cut(at: " passed after ") {
            (name, outcome) = (before, .passed)
        } else if let (before, _) = body.cut(at: " failed after ") {
            (name, outcome) = (before, .failed)
        } else if let (before, _) = body.cut(at: " skipped: ") ?? body.before(suffix: " skipped.").map({ ($0, "") }) {
            (name, outcome) = (before, .skipped)
        } else {
            return nil
        }
        // `each(value:) with 3 test cases`.
        let bare = name.ends(" test cases") || name.ends(" test case") ? name.cut(at: " with ")?.before ?? name : name
        self.name = Self.names(bare).name
    }

    /// A test as it is printed and as it is called: `"a display name" (aka 'named()')`.
    static func names(_ text: Substring) -> (label: String, name: String) {
        guard text.begins("\"") else { return (String(text), String(text)) }
        if let (label, rest) = text.cut(at: " (aka '"), let name = rest.before(suffix: "')") {
            return (String(label), String(name))
        }
        let name = text.droppingBytes(1)
        return (String(text), String(name.before(suffix: "\"") ?? name))
    }
}

/// The tests of Swift Testing in one output.
struct SwiftTestingCount {
    private var verdicts = TestCounts()
    private var total = 0

    mutating func add(_ end: SwiftTestingEnd) {
        switch end.outcome {
        case .passed: verdicts.passed += 1
        case .failed: verdicts.failed += 1
        case .skipped: verdicts.skipped += 1
        case nil: total += end.total ?? 0
        }
    }

    /// The run's own number holds the tests of one name in several suites; of a run that broke off there is none.
    var counts: TestCounts {
        TestCounts(
            passed: max(verdicts.passed, total - verdicts.failed - verdicts.skipped), failed: verdicts.failed,
            skipped: verdicts.skipped)
    }
}
