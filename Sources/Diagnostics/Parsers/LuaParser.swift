import AgentProtocol

/// luacheck in its default and plain formats, and Lua's own messages:
///
///     stats.lua:8:9-12: (W111) setting non-standard global variable 'totl'
///     lua: stats.lua:3: attempt to call a nil value
struct LuaParser: DiagnosticParser {
    static let name = "lua"
    static let companions: [any DiagnosticParser.Type] = [BustedParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains {
            $0 == "luacheck" || $0.hasPrefix("luac") || $0 == "lua" || $0.hasPrefix("lua5") || $0 == "luajit"
        }
    }

    private let isLint: Bool
    private let isExpected: Bool

    init(_ setting: ParserSetting) {
        isLint = setting.isExpected && setting.programs.contains("luacheck")
        isExpected = setting.isExpected
    }

    func mightTake(_ shape: LineShape) -> Bool { isExpected || shape.has(.place) }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        guard takeLint(line, &collector) || takeError(line, &collector) || isLint && isRemark(line) else {
            return false
        }
        cursor.advance()
        return true
    }

    private func takeLint(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        let text = line.trimmed
        guard let located = LuaLocation(text),
            let place = collector.place(located.file, line: located.line, column: located.column)
        else { return false }
        var exact = place
        exact.endColumn = located.lastColumn.map { $0 + 1 }
        var message = located.rest
        var code: String?
        if let inner = message.after(prefix: "("), let (name, rest) = inner.cut(at: ") "), LintTextParser.isCode(name) {
            (code, message) = (String(name), rest)
        } else if !isLint || located.column == nil {
            return false
        }
        let isError = code.map { $0.hasPrefix("E") } ?? message.begins("expected ")
        collector.add(
            Finding(
                tool: "luacheck", severity: isError ? .error : .warning, code: code,
                codeURL: code.map { _ in "https://luacheck.readthedocs.io/en/stable/warnings.html" },
                message: String(message), place: exact,
                tags: code?.hasPrefix("W2") == true || code?.hasPrefix("W3") == true || code == "W511"
                    ? [.unnecessary] : []))
        collector.endFinding()
        return true
    }

    /// `luac: a.lua:1: '=' expected near '<eof>'`, `lua5.1: a.lua:3: …`.
    private func takeError(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard !isLint, let (program, rest) = line.cut(at: ": "), program.has("lua"), !program.has(" "),
            let located = LocatedLine(rest), located.line > 0, isExpected || located.fileExtension == "lua"
        else { return false }
        collector.add(
            Finding(
                tool: "lua", severity: .error, message: String(located.rest.trimmed), place: collector.place(located)))
        collector.endFinding()
        return true
    }

    private func isRemark(_ line: Substring) -> Bool {
        line.begins("Checking ") || line.begins("Total: ") && line.has(" warning")
    }
}

/// `file:8:9-12: rest`, the last column inclusive.
private struct LuaLocation {
    var file: Substring
    var line: Int
    var column: Int?
    var lastColumn: Int?
    var rest: Substring

    init?(_ text: Substring) {
        guard let located = LocatedLine(text) else { return nil }
        if located.column != nil {
            (file, line, column) = (located.file, located.line, located.column)
            rest = located.rest.trimmed
            return
        }
        guard let (columns, after) = located.rest.cut(at: ": "),
            let (first, last) = columns.cut(at: "-"), let first = first.smallNumber, let last = last.smallNumber
        else { return nil }
        (file, line, column, lastColumn) = (located.file, located.line, first, last)
        rest = after.trimmed
    }
}

/// busted's terminal formats:
///
///     Failure -> spec/stats_spec.lua @ 4
///     mean is the sum over the number
///     spec/stats_spec.lua:5: Expected objects to be equal.
///     Passed in:
///     (number) 3
///     Expected:
///     (number) 1.5
struct BustedParser: DiagnosticParser {
    static let name = "busted"
    static let companions: [any DiagnosticParser.Type] = [LuaParser.self, JUnitParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0 == "busted" || $0 == "vusted" || $0 == "nlua" }
    }

    /// Lines of one failure; stacks are the longest part.
    private static let mostLines = 200

    init(_ setting: ParserSetting) {}

    func mightTake(_ shape: LineShape) -> Bool { shape.begins(withAnyOf: "FEP") || shape.has(.spacedColon) }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if takeTotals(line, &collector) {
            cursor.advance()
            return true
        }
        let heads: [(String, TestResults.Outcome)] = [
            ("Failure -> ", .failed), ("Error -> ", .failed), ("Pending -> ", .skipped),
        ]
        for (head, outcome) in heads {
            guard let rest = line.after(prefix: head), let (file, number) = rest.cut(at: " @ "),
                let number = number.smallNumber
            else { continue }
            let place = collector.place(file, line: number)
            cursor.advance()
            takeBlock(place, outcome, &cursor, &collector)
            return true
        }
        return false
    }

    private func takeBlock(
        _ place: Finding.Place?, _ outcome: TestResults.Outcome, _ cursor: inout OutputCursor,
        _ collector: inout FindingCollector
    ) {
        let name = String(cursor.line)
        cursor.advance()
        collector.test(name, outcome)
        var finding = Finding(
            tool: "busted", severity: .error, message: name, place: place, test: Finding.Test(name: name))
        var lines: [Substring] = []
        for _ in 0..<Self.mostLines {
            guard !cursor.isAtEnd, !cursor.line.isBlank else { break }
            lines.append(cursor.line)
            cursor.advance()
        }
        guard outcome == .failed else { return }
        var message: [Substring] = []
        var value: WritableKeyPath<Finding.Test, String?>?
        for line in lines {
            if line.equals("stack traceback:") { break }
            if line.equals("Passed in:") {
                value = \.actual
            } else if line.equals("Expected:") {
                value = \.expected
            } else if let key = value {
                let known = finding.test?[keyPath: key]
                finding.test?[keyPath: key] = known.map { $0 + "\n" + line } ?? String(line)
            } else if message.isEmpty, let located = LocatedLine(line), located.line > 0,
                let exact = collector.place(located)
            {
                finding.place = exact
                message.append(located.rest.trimmed)
            } else {
                message.append(line)
            }
        }
        let words = message.map { String($0) }.joined(separator: "\n")
        finding.message = "\(name): \(words.isEmpty ? "failed" : words)"
        if let actual = finding.test?.actual, let expected = finding.test?.expected {
            finding.message += " passed in \(actual), expected \(expected)"
        }
        collector.add(finding)
        collector.endFinding()
    }

    /// `1 success / 1 failure / 1 error / 1 pending : 0.000807 seconds`.
    private func takeTotals(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        guard line.ends(" seconds"), let (counts, _) = line.cut(at: " : ") else { return false }
        var numbers: [Int] = []
        var rest = counts
        for _ in 0..<4 {
            let (part, after) = rest.cut(at: " / ") ?? (rest, "")
            guard let number = part.trimmed.cut(at: " ")?.before.smallNumber else { return false }
            numbers.append(number)
            rest = after
        }
        guard numbers.count == 4 else { return false }
        collector.testTotals(passed: numbers[0], failed: numbers[1] + numbers[2], skipped: numbers[3])
        return true
    }
}
