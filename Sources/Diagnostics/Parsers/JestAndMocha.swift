import AgentProtocol

/// The files and totals of jest and vitest.
struct JestFile {
    /// The file whose failures come.
    private(set) var file: Substring?

    /// `FAIL src/a.test.js`, `PASS src/b.test.js (5.1 s)`, `Tests:       2 failed, 1 skipped, 3 passed, 6 total`.
    mutating func read(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if let rest = line.after(prefix: "FAIL ") ?? line.after(prefix: "PASS ") {
            let name = rest.trimmed.cut(at: " (")?.before ?? rest.trimmed
            guard !name.has(" "), Self.isScript(name) else { return false }
            file = name
            return true
        }
        if let rest = line.after(prefix: "Tests:  ") { return readTotals(rest.trimmed, separator: ",", &collector) }
        // vitest: `      Tests  2 failed | 3 passed (5)`.
        if let rest = line.trimmed.after(prefix: "Tests  "), line.indentation > 0 {
            return readTotals(rest.trimmed, separator: "|", &collector)
        }
        return file != nil && line.begins("Test Suites: ") || line.trimmed.begins("Test Files  ")
    }

    private static func isScript(_ name: Substring) -> Bool {
        ["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue"].contains(PathText.fileExtension(String(name)))
    }

    private func readTotals(
        _ text: Substring, separator: Unicode.Scalar, _ collector: inout FindingCollector
    ) -> Bool {
        var counts = TestCounts()
        for part in text.utf8.split(separator: UInt8(ascii: separator)).prefix(8).map({ Substring($0).trimmed }) {
            guard let (digits, rest) = part.cut(at: " "), let number = digits.smallNumber else { return false }
            switch String(rest.cut(at: " ")?.before ?? rest) {
            case "passed": counts.passed = number
            case "failed": counts.failed = number
            case "skipped", "todo", "pending": counts.skipped += number
            case "total": break
            default: return false
            }
        }
        guard counts.total > 0 else { return false }
        collector.testTotals(passed: counts.passed, failed: counts.failed, skipped: counts.skipped)
        return true
    }
}

/// The totals of mocha's `spec` and `dot` reports and the list of failures below them.
struct MochaTotals {
    private var counts: TestCounts?
    /// A heading over several lines, a suite in each.
    private var heading: [Substring] = []

    private static let mostHeading = 16

    /// Whether the heading goes on.
    var isInHeading: Bool { !heading.isEmpty }

    /// `  5 passing (20ms)`, `  2 pending`, `  3 failing`.
    mutating func read(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard line.begins("  "), !line.begins("   "), let (digits, word) = line.trimmed.cut(at: " "),
            let number = digits.smallNumber
        else { return false }
        if word.begins("passing (") {
            finish(&collector)
            counts = TestCounts(passed: number)
            return true
        }
        guard counts != nil else { return false }
        switch String(word) {
        case "pending": counts?.skipped = number
        case "failing": counts?.failed = number
        default: return false
        }
        return true
    }

    mutating func finish(_ collector: inout FindingCollector) {
        if let counts {
            collector.testTotals(passed: counts.passed, failed: counts.failed, skipped: counts.skipped)
        }
        counts = nil
        heading = []
    }

    /// `  1) Calc`, `       add`, `         adds two numbers:`: the colon ends it.
    mutating func opening(_ line: Substring) -> JavaScriptFailure? {
        guard counts != nil, line.begins("  ") else {
            heading = []
            return nil
        }
        if let (number, name) = line.trimmed.cut(at: ") "), number.smallNumber != nil, line.indentation == 2 {
            heading = [name.trimmed]
        } else if !heading.isEmpty, heading.count < Self.mostHeading, line.indentation > 4 {
            heading.append(line.trimmed)
        } else {
            heading = []
            return nil
        }
        guard heading.last?.ends(":") == true else { return nil }
        let name = heading.map { $0.before(suffix: ":") ?? $0 }.joined(separator: " > ")
        heading = []
        return JavaScriptFailure(tool: "mocha", name: name)
    }
}
