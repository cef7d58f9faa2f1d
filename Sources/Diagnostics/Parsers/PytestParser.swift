import AgentProtocol

/// pytest's text in every `--tb` style. Its junit file has a parser of its own.
struct PytestParser: DiagnosticParser {
    static let name = "pytest"
    static let companions: [any DiagnosticParser.Type] = [JUnitParser.self, UnittestParser.self, PythonParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "pytest" || $0 == "py.test" || $0.hasPrefix("pytest-") }
    }

    private enum Section { case none, failures, summary, other }

    private let isExpected: Bool
    private var section = Section.none
    private var block: PytestFailure?
    /// Whether the lines are what the test printed.
    private var isCaptured = false
    /// Failures read so far, until the summary has told which tests they are of.
    private var pending: [PytestFailure] = []
    /// Places in `pending` by the heading's name, those of `--tb=line`, which names no tests, by none; the next last.
    private var unnamed: [String: [Int]] = [:]

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) {
        closeBlock()
        flush(&collector)
        section = .none
        isCaptured = false
    }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || section != .none || shape.begins(withAnyOf: "=[") || shape.last == UInt8(ascii: "]")
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        guard takeHeading(line, &collector) || takeInSection(line, &collector) || takeProgress(line, &collector) else {
            return false
        }
        cursor.advance()
        return true
    }

    /// `=== FAILURES ===`.
    private mutating func takeHeading(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard line.begins("="), line.ends("="), let title = Self.title(line, of: UInt8(ascii: "=")) else {
            return false
        }
        closeBlock()
        isCaptured = false
        switch String(title) {
        case "FAILURES", "ERRORS": section = .failures
        case "short test summary info":
            section = .summary
            prepareNames()
        case "test session starts", "PASSES", "warnings summary", "rerun test summary info": section = .other
        default:
            let wasOutside = section == .none
            flush(&collector)
            section = .none
            // The last line: `=== 2 failed, 1 passed in 0.08s ===`.
            if takeTotals(title, &collector) { return true }
            return !wasOutside || isExpected
        }
        return true
    }

    private mutating func takeInSection(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        switch section {
        case .none: return false
        case .other: return isExpected && isSessionLine(line)
        case .summary: return takeSummary(line, &collector)
        case .failures: return takeFailure(line, &collector)
        }
    }

    private mutating func takeFailure(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if line.begins("_"), line.ends("_"), let title = Self.title(line, of: UInt8(ascii: "_")) {
            closeBlock()
            isCaptured = false
            block = PytestFailure(title: title)
            return true
        }
        if line.begins("- generated ") || line.begins("-- generated ") { return true }
        // What the test printed is for the model to read.
        if line.begins("-"), line.ends("-"), line.has(" Captured ") { isCaptured = true }
        if isCaptured { return false }
        if isQuietTotals(line) {
            closeBlock()
            flush(&collector)
            section = .none
            return takeTotals(line, &collector)
        }
        if block?.name.isEmpty == false {
            block?.read(line, &collector)
            return true
        }
        // `--tb=line` has no headings: `/src/test_x.py:3: AssertionError: msg`.
        if block == nil { block = PytestFailure(title: "") }
        if block?.readBrief(line, &collector) == true { closeBlock() }
        return true
    }

    private mutating func closeBlock() {
        guard let block else { return }
        self.block = nil
        // More would not be shown.
        if pending.count < DiagnosticLimits.diagnostics { pending.append(block) }
    }

    // MARK: Summary

    private mutating func prepareNames() {
        unnamed = [:]
        for index in pending.indices.reversed() where pending[index].node == nil {
            unnamed[pending[index].name, default: []].append(index)
        }
    }

    /// `FAILED test_x.py::TestK::test_one[a] - AssertionError: msg`, `ERROR test_coll.py`.
    private mutating func takeSummary(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if isQuietTotals(line) {
            flush(&collector)
            section = .none
            return takeTotals(line, &collector)
        }
        for (word, outcome) in Self.outcomes {
            guard let rest = line.after(prefix: word + " ") else { continue }
            let (id, message) = Self.node(rest)
            if id.has("::") { collector.test(String(id), outcome) }
            if outcome == .failed { name(id, message) }
            return true
        }
        return line.begins("SKIPPED ") || line.begins("SUBSKIPPED") || line.begins("!!!")
    }

    /// The words of the summary and of `-v` before or behind a test.
    private static let outcomes: [(String, TestResults.Outcome)] = [
        ("FAILED", .failed), ("ERROR", .failed), ("PASSED", .passed), ("XPASS", .passed), ("XFAIL", .skipped),
    ]

    /// The test, and what is said of it. A parameter's text may hold ` - `.
    private static func node(_ text: Substring) -> (id: Substring, message: Substring) {
        guard let (id, message) = text.cut(at: " - ") else { return (text, "") }
        guard id.has("["), !id.ends("]") else { return (id, message) }
        guard let bracket = text.find("] - ") else { return (text, "") }
        return (text[..<text.utf8.index(after: bracket.lowerBound)], text[bracket.upperBound...])
    }

    /// Gives a test to the first failure of its name that has none, or makes a failure of it.
    private mutating func name(_ id: Substring, _ message: Substring) {
        for key in [PytestFailure.name(ofNode: id), ""] {
            guard let index = unnamed[key]?.popLast() else { continue }
            pending[index].node = String(id)
            return
        }
        guard pending.count < DiagnosticLimits.diagnostics else { return }
        pending.append(PytestFailure(node: id, message: message))
    }

    private mutating func flush(_ collector: inout FindingCollector) {
        for failure in pending {
            collector.add(failure.finding(&collector))
            collector.endFinding()
        }
        pending = []
        unnamed = [:]
    }

    // MARK: The rest

    /// The text in the middle of a line of fill characters; nil when there is none.
    private static func title(_ line: Substring, of fill: UInt8) -> Substring? {
        var view = line.utf8
        while view.first == fill { view = view.dropFirst() }
        while view.last == fill { view = view.dropLast() }
        guard view.count > 2, view.first == 0x20, view.last == 0x20 else { return nil }
        let title = Substring(view).trimmed
        // `_ _ _ _` separates the frames of one failure.
        return title.utf8.allSatisfy { $0 == fill || $0 == 0x20 } ? nil : title
    }

    /// `.FsxEF.   [100%]`, `test_x.py::test_bad FAILED  [ 20%]`, `[gw0] [ 20%] PASSED test_x.py::test_a`.
    private mutating func takeProgress(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        if isExpected, isQuietTotals(line) { return takeTotals(line, &collector) }
        if line.begins("[gw"), let (_, rest) = line.cut(at: "%] "), let (word, id) = rest.cut(at: " "), id.has("::") {
            return takeOutcome(String(word), of: id.trimmed, &collector)
        }
        guard line.ends("%]"), let open = line.utf8.lastIndex(of: UInt8(ascii: "[")) else {
            guard isExpected, line.has("::"), let (id, word) = Self.verdict(line) else { return false }
            return takeOutcome(word, of: id, &collector)
        }
        let before = line[..<open].trimmed
        if before.has("::"), let (id, word) = Self.verdict(before) {
            return takeOutcome(word, of: id, &collector)
        }
        return before.utf8.allSatisfy { ".FEsxXpPR,-u".utf8.contains($0) } || before.has(".py ") || before.has("::")
    }

    private func takeOutcome(
        _ word: String, of id: Substring, _ collector: inout FindingCollector
    ) -> Bool {
        if word == "SKIPPED" {
            collector.test(String(id), .skipped)
        } else if let outcome = Self.outcomes.first(where: { $0.0 == word })?.1 {
            collector.test(String(id), outcome)
        } else {
            return false
        }
        return true
    }

    /// `test_x.py::test_off SKIPPED (later)`: the test and the word.
    private static func verdict(_ text: Substring) -> (id: Substring, word: String)? {
        for word in ["PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS"] {
            if let id = text.before(suffix: " " + word) { return (id, word) }
            // A reason follows in brackets.
            if text.ends(")"), let (id, _) = text.cut(at: " \(word) (") { return (id, word) }
        }
        return nil
    }

    /// The last line of `-q`: `2 failed, 2 passed in 0.08s`.
    private func isQuietTotals(_ line: Substring) -> Bool {
        line.utf8.first?.isDigit == true && line.has(" in ") && PytestTotals(line) != nil
    }

    private func takeTotals(_ text: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let totals = PytestTotals(text) else { return text.begins("no tests ran in ") }
        collector.testTotals(passed: totals.passed, failed: totals.failed, skipped: totals.skipped)
        return true
    }

    private func isSessionLine(_ line: Substring) -> Bool {
        ["platform ", "cachedir: ", "rootdir: ", "plugins: ", "collecting ", "collected ", "configfile: "].contains {
            line.begins($0)
        }
    }
}

/// `15 failed, 2 passed, 1 skipped, 1 xfailed, 1 error in 0.21s`.
struct PytestTotals: Equatable {
    private(set) var passed = 0
    /// Errors of fixtures and of collection among them.
    private(set) var failed = 0
    /// Those that may fail among them, as in pytest's own junit file.
    private(set) var skipped = 0

    init?(_ text: Substring) {
        guard text.utf8.count < 256, let (numbers, time) = text.cut(at: " in "), time.utf8.first?.isDigit == true else {
            return nil
        }
        for part in numbers.utf8.split(separator: UInt8(ascii: ",")).map({ Substring($0).trimmed }) {
            guard let (digits, word) = part.cut(at: " "), let number = digits.smallNumber else { return nil }
            switch String(word) {
            case "passed", "xpassed": passed += number
            case "failed", "error", "errors": failed += number
            case "skipped", "xfailed": skipped += number
            case "deselected", "warning", "warnings", "rerun", "subtests passed", "subtests failed", "subtests skipped":
                break
            default: return nil
            }
        }
    }
}
