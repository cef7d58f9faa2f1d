import AgentProtocol

/// pytest's text in every `--tb` style. Its junit file has a parser of its own.
struct PytestParser: DiagnosticParser {
    static let name = "pytest"
    static let companions: [any DiagnosticParser.Type] = [JUnitParser.self, PythonParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "pytest" || $0 == "py.test" || $0.hasPrefix("pytest-") }
    }

    private enum Section { case none, failures, summary, other }

    private let isExpected: Bool
    private var section = Section.none
    private var block: PytestFailure?
    /// Whether the lines are what the test printed.
    private var isCaptured = false
    /// Names of failures reported so far, for the summary to repeat.
    private var reported: [String: Int] = [:]

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) {
        closeBlock(&collector)
        section = .none
        isCaptured = false
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        guard takeHeading(line, &collector) || takeInSection(line, &collector) || isProgress(line) else {
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
        closeBlock(&collector)
        isCaptured = false
        switch String(title) {
        case "FAILURES", "ERRORS": section = .failures
        case "short test summary info": section = .summary
        case "test session starts", "PASSES", "warnings summary", "rerun test summary info": section = .other
        default:
            let wasOutside = section == .none
            section = .none
            // The last line: `=== 2 failed, 1 passed in 0.08s ===`.
            return !wasOutside || isExpected || title.has(" in ") && title.ends("s")
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
            closeBlock(&collector)
            isCaptured = false
            block = PytestFailure(title: title)
            return true
        }
        if line.begins("- generated ") || line.begins("-- generated ") { return true }
        // What the test printed is for the model to read.
        if line.begins("-"), line.ends("-"), line.has(" Captured ") { isCaptured = true }
        if isCaptured { return false }
        if block == nil {
            // `--tb=line` has no headings: `/src/test_x.py:3: AssertionError: msg`.
            takeLineStyle(line, &collector)
            return true
        }
        block?.read(line, &collector)
        return true
    }

    private mutating func takeLineStyle(_ line: Substring, _ collector: inout FindingCollector) {
        guard let located = LocatedLine(line), located.fileExtension == "py", located.line > 0,
            let place = collector.place(located)
        else { return }
        collector.add(
            Finding(tool: "pytest", severity: .error, message: String(located.rest.trimmed), place: place))
        reported[Self.anonymous, default: 0] += 1
    }

    /// Failures of `--tb=line`, which names no tests.
    private static let anonymous = ""

    private mutating func closeBlock(_ collector: inout FindingCollector) {
        guard let block else { return }
        self.block = nil
        reported[block.name, default: 0] += 1
        collector.add(block.finding)
        collector.endFinding()
    }

    /// `FAILED test_x.py::TestK::test_one[a] - AssertionError: msg`, `ERROR test_coll.py`.
    private mutating func takeSummary(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let rest = line.after(prefix: "FAILED ") ?? line.after(prefix: "ERROR ") else {
            return ["SKIPPED ", "XFAIL ", "XPASS ", "PASSED ", "!!!"].contains { line.begins($0) } || isTotals(line)
        }
        let id: Substring
        let message: Substring
        // A parameter's text may hold ` - `.
        if let bracket = rest.find("] - ") {
            id = rest[..<rest.utf8.index(after: bracket.lowerBound)]
            message = rest[bracket.upperBound...]
        } else {
            (id, message) = rest.cut(at: " - ") ?? (rest, "")
        }
        let file = id.cut(at: "::")?.before ?? id
        let name = PytestFailure.name(ofNode: id)
        for key in [name, Self.anonymous] {
            guard let count = reported[key], count > 0 else { continue }
            reported[key] = count - 1
            return true
        }
        let text = message.isEmpty ? "failed" : String(message)
        collector.add(
            Finding(
                tool: "pytest", severity: .error, message: "\(name): \(text)", place: collector.place(file, line: 0)))
        collector.endFinding()
        return true
    }

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

    /// `.FsxEF.   [100%]`, `test_x.py::test_bad FAILED  [ 20%]`.
    private func isProgress(_ line: Substring) -> Bool {
        if isExpected, isTotals(line) { return true }
        guard line.ends("%]"), let open = line.utf8.lastIndex(of: UInt8(ascii: "[")) else { return false }
        let before = line[..<open].trimmed
        return before.utf8.allSatisfy { ".FEsxXpPR".utf8.contains($0) } || before.has(".py ") || before.has("::")
    }

    /// `2 failed, 2 passed in 0.08s`.
    private func isTotals(_ line: Substring) -> Bool {
        line.utf8.first?.isDigit == true && line.has(" in ")
            && [" failed", " passed", " error", " skipped", " deselected"].contains { line.has($0) }
    }

    private func isSessionLine(_ line: Substring) -> Bool {
        ["platform ", "cachedir: ", "rootdir: ", "plugins: ", "collecting ", "collected ", "configfile: "].contains {
            line.begins($0)
        }
    }
}
