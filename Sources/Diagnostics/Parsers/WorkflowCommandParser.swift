import AgentProtocol

/// Commands with which tools annotate code in CI: GitHub's `::error file=a.c,line=3::text`, its log's `##[error]text`,
/// and Azure's `##vso[task.logissue type=error;sourcepath=a.c;linenumber=3;]text`.
struct WorkflowCommandParser: DiagnosticParser {
    static let name = "github"
    static func recognises(command: [String]) -> Bool { false }

    init(_ setting: ParserSetting) {}

    func mightTake(_ shape: LineShape) -> Bool { shape.starts(withAnyOf: ":#") }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        guard line.begins("::") || line.begins("##") || line.begins(" ") && line.trimmed.begins("::"),
            let command = Self.gitHub(line.trimmed) ?? Self.log(line) ?? Self.azure(line)
        else { return false }
        cursor.advance()
        func number(_ keys: String...) -> Int? {
            keys.lazy.compactMap { command.properties[$0]?[...].smallNumber }.first
        }
        var place = (command.properties["file"] ?? command.properties["sourcepath"]).flatMap {
            collector.place(
                $0[...], line: number("line", "linenumber") ?? 0, column: number("col", "columnnumber"), unit: .scalars)
        }
        place?.endLine = number("endLine")
        // Inclusive there.
        place?.endColumn = number("endColumn").map { $0 + 1 }
        let title = command.properties["title"].map { $0.isEmpty ? "" : "\($0): " } ?? ""
        // A run's log ends with this line, whatever failed.
        let isSummary = command.message.begins("Process completed with exit code ")
        collector.add(
            Finding(
                tool: Self.name, severity: command.severity, code: command.properties["code"],
                message: title + Self.decoded(command.message), place: place, isSummary: isSummary))
        collector.endFinding()
        return true
    }

    private struct Command {
        var severity: Diagnostic.Severity
        var properties: [String: String] = [:]
        var message: Substring
    }

    private static func severity(_ word: Substring) -> Diagnostic.Severity? {
        switch String(word) {
        case "error": .error
        case "warning": .warning
        case "notice": .information
        default: nil
        }
    }

    private static func gitHub(_ line: Substring) -> Command? {
        guard let head = line.after(prefix: "::"), let (command, message) = head.cut(at: "::") else { return nil }
        let (word, list) = command.cut(at: " ") ?? (command, "")
        guard let severity = severity(word), !message.isBlank else { return nil }
        return Command(severity: severity, properties: properties(list, separator: UInt8(ascii: ",")), message: message)
    }

    private static func log(_ line: Substring) -> Command? {
        guard let head = line.after(prefix: "##["), let (word, message) = head.cut(at: "]"),
            let severity = severity(word), !message.isBlank
        else { return nil }
        return Command(severity: severity, message: message)
    }

    private static func azure(_ line: Substring) -> Command? {
        guard let head = line.after(prefix: "##vso[task.logissue "), let (list, message) = head.cut(at: "]") else {
            return nil
        }
        let properties = properties(list, separator: UInt8(ascii: ";"))
        guard let severity = severity((properties["type"] ?? "")[...]), !message.isBlank else { return nil }
        return Command(severity: severity, properties: properties, message: message)
    }

    private static func properties(_ list: Substring, separator: UInt8) -> [String: String] {
        var found: [String: String] = [:]
        for part in list.utf8.split(separator: separator).prefix(32) {
            guard let (key, value) = Substring(part).cut(at: "=") else { continue }
            found[String(key.trimmed)] = decoded(value)
        }
        return found
    }

    /// `%0A`, `%3A` and the like, in one pass so that `%250A` stays `%0A`.
    private static func decoded(_ text: Substring) -> String {
        var result = ""
        var rest = text
        while let percent = rest.utf8.firstIndex(of: UInt8(ascii: "%")) {
            result += rest[..<percent]
            let code = Substring(rest.utf8[percent...].prefix(3))
            let known = ["%25": "%", "%0D": "", "%0A": "\n", "%3A": ":", "%2C": ",", "%3B": ";", "%5D": "]"]
            let plain = known[code.uppercased()]
            result += plain ?? "%"
            rest = rest[percent...].droppingBytes(plain == nil ? 1 : 3)
        }
        return result + rest
    }
}
