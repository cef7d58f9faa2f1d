import AgentProtocol

/// What a shell says of a script, with `-n` or while it runs:
///
///     backup.sh: line 3: syntax error near unexpected token `done'
///     backup.sh: 3: Syntax error: "done" unexpected
struct ShellParser: DiagnosticParser {
    static let name = "shell"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { shells.contains($0) || $0.hasSuffix(".sh") }
    }

    private static let shells: Set<String> = ["sh", "bash", "dash", "ash", "busybox", "ksh", "mksh", "zsh"]
    private static let extensions: Set<String> = ["sh", "bash", "dash", "ksh", "zsh", "bats", "env"]

    private let isExpected: Bool
    /// The script of the last message, whose next line may quote it.
    private var last: (file: String, line: Int)?

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    mutating func finish(into collector: inout FindingCollector) { last = nil }

    func mightTake(_ shape: LineShape) -> Bool { shape.has(.colon) }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard let (file, rest) = cursor.line.cut(at: ": "), !file.isEmpty,
            file.utf8.count <= DiagnosticLimits.pathBytes, let (line, message) = Self.numbered(rest),
            !message.isBlank
        else { return false }
        // bash quotes the line that it could not read.
        if message.begins("`"), let last, file.equals(last.file), line == last.line {
            cursor.advance()
            return true
        }
        guard Self.isScript(file), let place = collector.place(file, line: line),
            isExpected || collector.resolver.exists(place.file)
        else { return false }
        cursor.advance()
        last = (String(file), line)
        collector.add(
            Finding(tool: "sh", severity: .error, message: String(message.trimmed), place: place))
        collector.endFinding()
        return true
    }

    /// `line 3: message` of bash, `3: message` of the others.
    private static func numbered(_ text: Substring) -> (line: Int, message: Substring)? {
        guard let (number, message) = text.cut(at: ": "),
            let line = (number.after(prefix: "line ") ?? number).smallNumber, line > 0
        else { return nil }
        return (line, message)
    }

    /// The shell's own name stands there for what `-c` ran.
    private static func isScript(_ file: Substring) -> Bool {
        extensions.contains(PathText.fileExtension(String(file)))
            || file.has("/") && !shells.contains(CommandWords.baseName(String(file)))
    }
}
