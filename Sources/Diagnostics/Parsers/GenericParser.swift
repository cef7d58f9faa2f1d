import AgentProtocol

/// `file:line:column: severity: message`, with or without the column, of any tool that has no parser of its own:
/// mypy, `shellcheck -f gcc`, many more. A line that names no severity is no diagnostic.
struct GenericParser: DiagnosticParser {
    static let name = "generic"

    static func recognises(command: [String]) -> Bool { false }

    private let tool: String
    private let isExpected: Bool

    init(_ setting: ParserSetting) {
        // With `python3 -m mypy` the module is the tool.
        tool =
            setting.programs.first { !$0.hasPrefix("python") && !Self.notTools.contains($0) }
            .map { $0.shortened(toBytes: 64) } ?? setting.programs.first ?? "check"
        isExpected = setting.isExpected
    }

    private static let notTools: Set<String> = ["cd", "set", "export", "echo", "uv", "poetry", "pipenv", "npx"]

    func mightTake(_ shape: LineShape) -> Bool { shape.has(.place) }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard let located = cursor.located(), let prefix = SeverityPrefix(located.rest),
            !prefix.message.isEmpty, located.line > 0, var place = collector.place(located)
        else { return false }
        // A time of day or an address looks like a file and a line; a file exists or has an extension or a folder.
        guard collector.resolver.exists(place.file) || isExpected || looksLikeFile(located.file) else { return false }
        cursor.advance()
        let (message, bracketed) = wholeMessage(
            prefix.message, mayBreak: tool == "mypy" || located.endLine != nil, &cursor)
        place.cells =
            SourceSnippet.take(
                &cursor, source: place.file.inside.flatMap { collector.resolver.sourceLine($0, place.line) }
            ).cells
        // mypy's end column is inclusive; so is that of everything else that prints four numbers.
        place.endColumn = place.endColumn.map { $0 + 1 }
        collector.add(
            Finding(
                tool: tool, severity: prefix.severity, code: prefix.code ?? bracketed, message: message, place: place))
        collector.endFinding()
        return true
    }

    /// Lines of one message of `mypy --pretty`.
    private static let mostLines = 8

    /// The message and the code in brackets behind it. `mypy --pretty` breaks messages at the terminal's width.
    private func wholeMessage(
        _ first: Substring, mayBreak: Bool, _ cursor: inout OutputCursor
    ) -> (String, String?) {
        let (message, code) = first.cutBracketedCode()
        guard code == nil, mayBreak else { return (String(message), code) }
        var look = cursor
        var words = String(first.trimmed)
        for _ in 0..<Self.mostLines where !look.isAtEnd && look.line.indentation == 0 && LocatedLine(look.line) == nil {
            words += " " + look.line.trimmed
            look.advance()
            let (whole, code) = words[...].cutBracketedCode()
            guard let code else { continue }
            cursor = look
            return (String(whole), code)
        }
        return (String(message), nil)
    }

    private func looksLikeFile(_ file: Substring) -> Bool {
        let suffix = PathText.fileExtension(String(file))
        return !file.has(" ") && (!file.has("://") || file.begins("file:")) && (1...12).contains(suffix.utf8.count)
            && suffix.utf8.first?.isLetter == true
    }
}
