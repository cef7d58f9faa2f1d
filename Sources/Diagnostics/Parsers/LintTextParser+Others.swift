import AgentProtocol

/// hadolint's and RuboCop's lines.
extension LintTextParser {
    /// `Dockerfile:3 DL3008 warning: Pin versions in apt get install`.
    func hadolint(_ line: Substring, _ collector: inout FindingCollector) -> Finding? {
        guard let (head, rest) = line.cut(at: " "), let located = LocatedLine(head + ":"), located.rest.isEmpty,
            let (code, words) = rest.cut(at: " "), code.begins("DL") || code.begins("SC"),
            code.droppingBytes(2).smallNumber != nil, let prefix = SeverityPrefix(words), !prefix.message.isEmpty
        else { return nil }
        let isShell = code.begins("SC")
        return Finding(
            tool: isShell ? "shellcheck" : "hadolint", severity: prefix.severity, code: String(code),
            codeURL: isShell
                ? "https://www.shellcheck.net/wiki/\(code)" : "https://github.com/hadolint/hadolint/wiki/\(code)",
            message: String(prefix.message), place: collector.place(located))
    }

    /// `bad.rb:2:3: W: [Correctable] Lint/UselessAssignment: Useless assignment`, with or without the code below.
    static func takeRuboCop(_ cursor: inout OutputCursor, _ collector: inout FindingCollector) -> Bool {
        guard let located = cursor.located(), located.line > 0, located.column != nil,
            let (letter, tail) = located.rest.trimmed.cut(at: ": "), let severity = severity(letter)
        else { return false }
        let text = tail.after(prefix: "[Correctable] ") ?? tail.after(prefix: "[Corrected] ") ?? tail
        guard let (cop, message) = text.cut(at: ": "), cop.has("/"), !cop.has(" "), cop.utf8.count <= 96,
            let place = collector.place(located, unit: .scalars)
        else { return false }
        cursor.advance()
        var exact = place
        let source = place.file.inside.flatMap { collector.resolver.sourceLine($0, place.line) }
        let snippet = cursor.isAtEnd ? nil : SourceSnippet.take(&cursor, source: source)
        exact.cells = snippet?.cells
        collector.add(
            Finding(
                tool: "rubocop", severity: severity, code: String(cop), message: String(message.trimmed), place: exact))
        collector.endFinding()
        return true
    }

    /// Convention, refactor, info; warning; error, fatal.
    private static func severity(_ letter: Substring) -> Diagnostic.Severity? {
        switch String(letter) {
        case "C", "R", "W", "I": .warning
        case "E", "F": .error
        default: nil
        }
    }
}
