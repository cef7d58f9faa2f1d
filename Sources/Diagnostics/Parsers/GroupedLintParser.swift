import AgentProtocol

/// Linters whose findings stand below the name of their file: ESLint's `stylish`, shellcheck's `tty`.
struct GroupedLintParser: DiagnosticParser {
    static let name = "eslint"
    static let companions: [any DiagnosticParser.Type] = [LintJSONParser.self, TypeScriptParser.self]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { ["eslint", "xo", "standard", "shellcheck"].contains($0) }
    }

    private let isExpected: Bool
    /// The file whose findings come.
    private var file: Substring?

    /// Lines of one part of shellcheck's output.
    private static let mostLines = 200

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) { file = nil }

    func mightTake(_ shape: LineShape) -> Bool {
        isExpected || shape.first == UInt8(ascii: "I") && shape.last == UInt8(ascii: ":")
            || shape.last == UInt8(ascii: "]") && shape.has(.place) || file != nil && shape.first == 0x20
            || shape.next == 0x20 && !shape.isIndented && !shape.has(.colon)
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let text = cursor.line
        if let (file, line) = Self.shellHeading(text) {
            cursor.advance()
            takeTTY(file, line, &cursor, &collector)
            return true
        }
        if isExpected, text.trimmed.equals("Did you mean:") {
            skipPart(&cursor)
            return true
        }
        guard
            takeHeading(cursor) || takeStylish(text, &collector) || takeUnix(text, &collector)
                || isExpected && isRemark(text)
        else { return false }
        cursor.advance()
        return true
    }

    /// `In a.sh line 3:`.
    private static func shellHeading(_ text: Substring) -> (file: Substring, line: Int)? {
        guard let rest = text.after(prefix: "In "), let inner = rest.before(suffix: ":"),
            let (name, number) = inner.cut(at: " line "), let line = number.smallNumber
        else { return nil }
        return (name, line)
    }

    /// A name alone in its line, then an indented finding.
    private mutating func takeHeading(_ cursor: OutputCursor) -> Bool {
        let text = cursor.line
        guard text.indentation == 0, text.has("/") || text.has("."), !text.has(": "), let next = cursor.peek(),
            Self.stylish(next) != nil
        else { return false }
        file = text
        return true
    }

    /// `  1:7   error    'unused' is assigned a value but never used  no-unused-vars`.
    private static func stylish(
        _ text: Substring
    ) -> (line: Int, column: Int, severity: Diagnostic.Severity, rest: Substring)? {
        guard text.begins("  "), let (place, after) = text.trimmed.cut(at: " "),
            let (line, column) = place.cut(at: ":"), let line = line.smallNumber, let column = column.smallNumber
        else { return nil }
        let rest = after.trimmed
        if let message = rest.after(prefix: "error ") { return (line, column, .error, message.trimmed) }
        if let message = rest.after(prefix: "warning ") { return (line, column, .warning, message.trimmed) }
        return nil
    }

    private mutating func takeStylish(_ text: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let file, let (line, column, severity, rest) = Self.stylish(text) else { return false }
        var message = rest
        var rule: String?
        // The rule stands in a column of its own.
        if let gap = Self.lastGap(rest) {
            let name = Substring(rest.utf8[gap...]).trimmed
            if !name.has(" "), name.utf8.count <= 80 { (message, rule) = (rest[..<gap].trimmed, String(name)) }
        }
        collector.add(
            Finding(
                tool: "eslint", severity: severity, code: rule, codeURL: rule.flatMap { ESLintShape.url($0) },
                message: String(message), place: collector.place(file, line: line, column: column, unit: .utf16),
                tags: ESLintShape.tags(rule)))
        collector.endFinding()
        return true
    }

    private static func lastGap(_ text: Substring) -> Substring.Index? {
        var index = text.utf8.endIndex
        while index > text.utf8.startIndex {
            let before = text.utf8.index(before: index)
            if text.utf8[before] == 0x20, before > text.utf8.startIndex,
                text.utf8[text.utf8.index(before: before)] == 0x20
            {
                return text.utf8.index(before: before)
            }
            index = before
        }
        return nil
    }

    /// The source line, and below it what is wrong, up to a blank line:
    /// `     ^-- SC2086 (info): Double quote to prevent globbing and word splitting.`
    private func takeTTY(
        _ file: Substring, _ line: Int, _ cursor: inout OutputCursor, _ collector: inout FindingCollector
    ) {
        for _ in 0..<Self.mostLines where !cursor.isAtEnd && !cursor.line.isBlank {
            let text = cursor.line
            cursor.advance()
            let trimmed = text.trimmed
            guard trimmed.begins("^"), let (marks, rest) = trimmed.cut(at: " "), rest.begins("SC"),
                let (head, message) = rest.cut(at: ": ")
            else { continue }
            let (code, level) = head.cut(at: " (") ?? (head, "")
            var place = collector.place(file, line: line, column: text.indentation + 1, unit: .cells)
            place?.cells = marks.ends("--") ? nil : marks.utf8.count
            collector.add(
                Finding(
                    tool: "shellcheck", severity: ShellCheckShape.severity(String(level.before(suffix: ")") ?? level)),
                    code: String(code), codeURL: ShellCheckText.url(String(code)), message: String(message),
                    place: place, tags: code.equals("SC2034") ? [.unnecessary] : []))
            collector.endFinding()
        }
    }

    private func skipPart(_ cursor: inout OutputCursor) {
        for _ in 0..<Self.mostLines where !cursor.isAtEnd && !cursor.line.isBlank { cursor.advance() }
    }

    /// `/src/bad.js:1:7: 'unused' is assigned a value but never used. [Error/no-unused-vars]`
    private func takeUnix(_ text: Substring, _ collector: inout FindingCollector) -> Bool {
        guard let inner = text.before(suffix: "]"), let located = LocatedLine(inner), located.column != nil,
            let open = located.rest.utf8.lastIndex(of: UInt8(ascii: "["))
        else { return false }
        let mark = Substring(located.rest.utf8[located.rest.utf8.index(after: open)...])
        let (level, rule) = mark.cut(at: "/") ?? (mark, "")
        guard level.equals("Error") || level.equals("Warning") else { return false }
        collector.add(
            Finding(
                tool: "eslint", severity: level.equals("Error") ? .error : .warning,
                code: rule.isEmpty ? nil : String(rule), codeURL: ESLintShape.url(String(rule)),
                message: String(located.rest[..<open].trimmed), place: collector.place(located, unit: .utf16),
                tags: ESLintShape.tags(String(rule))))
        collector.endFinding()
        return true
    }

    private func isRemark(_ text: Substring) -> Bool {
        text.begins("✖ ") || text.has(" potentially fixable with the `--fix` option")
            || text.begins("For more information:") || text.trimmed.begins("https://www.shellcheck.net/wiki/")
            || text.ends(" problems") || text.ends(" problem")
    }
}

enum ShellCheckText {
    static func url(_ code: String) -> String? {
        if code.hasPrefix("SC"), code[...].droppingBytes(2).smallNumber != nil {
            return "https://www.shellcheck.net/wiki/\(code)"
        }
        if code.hasPrefix("DL"), code[...].droppingBytes(2).smallNumber != nil {
            return "https://github.com/hadolint/hadolint/wiki/\(code)"
        }
        return nil
    }
}
