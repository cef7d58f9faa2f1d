import AgentProtocol

/// The `spec` report of `node --test`, which tells each failure twice: where it ran, and at the end with its place.
struct NodeSpec {
    /// Suites that are open, by depth.
    private var suites: [String] = []
    /// `test at a.test.js:5:3`, of the list at the end.
    private var declared: Substring?
    private var isList = false
    private var counts: TestCounts?
    /// Tests that failed, with their suites, by their own names.
    private var failed: [String: [String]] = [:]
    /// Whether the lines are below a failure that the list tells again.
    private var isBelow = false

    private static let mostDepth = 32
    private static let mostOfOneName = 16

    /// A failure's heading: in the list at the end the test stands below its place.
    mutating func opening(_ line: Substring) -> JavaScriptFailure? {
        if line.begins("test at "), line.utf8.last?.isDigit == true {
            declared = line.droppingBytes(8)
            return nil
        }
        guard let rest = line.trimmed.after(prefix: "✖ "), let (name, time) = Self.timed(rest) else { return nil }
        // What is still to do may fail.
        guard !time.has("# TODO") else { return nil }
        if isList {
            defer { declared = nil }
            let paths = failed[String(name)] ?? []
            if !paths.isEmpty { failed[String(name)]?.removeFirst() }
            return declared.map {
                JavaScriptFailure(tool: "node-test", name: paths.first ?? String(name), declared: $0)
            }
        }
        return nil
    }

    /// `▶ Calc`, `✔ passes (0.3ms)`, `﹣ is skipped (0.1ms) # later`; below a failure its error, told again later.
    mutating func readVerdict(
        _ line: Substring, _ collector: inout FindingCollector, isExpected: Bool
    ) -> Bool {
        if declared != nil, line.begins("test at ") { return true }
        let text = line.trimmed
        let depth = min(line.indentation / 2, Self.mostDepth)
        if let suite = text.after(prefix: "▶ ") {
            // Before Node.js 20 a suite ends like this too, with its time.
            if let (name, _) = Self.timed(suite), suites.count > depth, suites[depth].elementsEqual(name) {
                suites = Array(suites.prefix(depth))
                return true
            }
            suites = Array(suites.prefix(depth)) + [String(suite)]
            return true
        }
        let verdicts: [(String, TestResults.Outcome)] = [
            ("✔ ", .passed), ("✖ ", .failed), ("﹣ ", .skipped),
        ]
        for (mark, outcome) in verdicts {
            guard let rest = text.after(prefix: mark), let (name, time) = Self.timed(rest) else { continue }
            isBelow = outcome == .failed
            // The end of a suite, told by its own name.
            if suites.count > depth, suites[depth].elementsEqual(name) {
                suites = Array(suites.prefix(depth))
                return true
            }
            let isOpen = time.has("# TODO") || time.has("# SKIP")
            guard !isList else { return true }
            collector.test(path(name, depth), isOpen ? .skipped : outcome)
            if outcome == .failed, !isOpen, failed.count < DiagnosticLimits.tests,
                failed[String(name)]?.count ?? 0 < Self.mostOfOneName
            {
                failed[String(name), default: []].append(path(name, depth))
            }
            return true
        }
        return isBelow && line.indentation > 0
    }

    private func path(_ name: Substring, _ depth: Int) -> String {
        (suites.prefix(depth) + [String(name)]).joined(separator: " > ")
    }

    /// `adds two numbers (50.252441ms)`, with `# TODO` or a reason behind it.
    private static func timed(_ text: Substring) -> (name: Substring, rest: Substring)? {
        guard let end = text.find("ms)"), let open = text[..<end.lowerBound].utf8.lastIndex(of: UInt8(ascii: "(")),
            text[..<open].ends(" "),
            text[text.utf8.index(after: open)..<end.lowerBound].utf8.allSatisfy({ $0.isDigit || $0 == 0x2E })
        else { return nil }
        return (text[..<open].trimmed, text[end.upperBound...])
    }

    /// `ℹ pass 1` and the like; `✖ failing tests:` begins the list.
    mutating func readTotals(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if line.equals("✖ failing tests:") {
            (isList, isBelow) = (true, false)
            return true
        }
        guard let rest = line.after(prefix: "ℹ "), let (word, digits) = rest.cut(at: " ") else { return false }
        guard let number = digits.smallNumber else { return word.equals("duration_ms") }
        var counts = self.counts ?? TestCounts()
        isBelow = false
        switch String(word) {
        case "pass": counts.passed = number
        case "fail", "cancelled": counts.failed += number
        case "skipped": counts.skipped += number
        case "todo":
            counts.skipped += number
            collector.testTotals(passed: counts.passed, failed: counts.failed, skipped: counts.skipped)
            self.counts = nil
            return true
        case "tests", "suites": break
        default: return false
        }
        self.counts = counts
        return true
    }
}
