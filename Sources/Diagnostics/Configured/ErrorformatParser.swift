import AgentProtocol

/// Reads an output by Vim's `errorformat`.
///
/// As in Vim, all patterns are tried in order and a message may have several lines. Otherwise than there, a line that
/// a pattern says to ignore is no finding but stays in the text for the model: a failed check that shows nothing helps
/// nobody.
struct ErrorformatParser: DiagnosticParser {
    static let name = "errorformat"
    static func recognises(command: [String]) -> Bool { false }

    let label: String
    private let tool: String
    private let entries: [ErrorformatEntry]
    private var scratch = PatternScratch()
    private var open: Message?
    private var files: [String] = []

    private static let mostFiles = 64
    private static let mostRereads = 8

    init(_ setting: ParserSetting) { self.init(label: Self.name, tool: Self.name, entries: []) }

    init(label: String, tool: String, entries: [ErrorformatEntry]) {
        self.label = label
        self.tool = tool
        self.entries = entries
    }

    private struct Message {
        var type: Character?
        var isIgnored = false
        var text = ""
        var values: [ErrorformatEntry.Field: String] = [:]

        mutating func merge(_ found: [ErrorformatEntry.Field: String], text more: String?) {
            values.merge(found) { $1 }
            if let letter = found[.type]?.first { type = letter }
            guard let more, text.utf8.count < DiagnosticLimits.messageBytes else { return }
            text += text.isEmpty ? more : "\n\(more)"
        }
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        guard take(cursor.line, rereads: 0, &collector) else { return false }
        cursor.advance()
        return true
    }

    mutating func finish(into collector: inout FindingCollector) {
        close(&collector)
        files = []
    }

    private mutating func take(_ text: Substring, rereads: Int, _ collector: inout FindingCollector) -> Bool {
        let line = PatternLine(text)
        for entry in entries {
            if open == nil, entry.kind == .continues || entry.kind == .ends { continue }
            guard let values = match(entry, line) else { continue }
            return apply(entry, values, text, rereads, &collector)
        }
        close(&collector)
        return false
    }

    private mutating func match(
        _ entry: ErrorformatEntry, _ line: PatternLine
    ) -> [ErrorformatEntry.Field: String]? {
        guard let groups = entry.pattern.match(line, &scratch) else { return nil }
        var values: [ErrorformatEntry.Field: String] = [:]
        for (index, field) in entry.fields.enumerated() {
            guard index + 1 < groups.count, let range = groups[index + 1] else { continue }
            values[field] = line.text(range)
        }
        return values
    }

    private mutating func apply(
        _ entry: ErrorformatEntry, _ values: [ErrorformatEntry.Field: String], _ line: Substring, _ rereads: Int,
        _ collector: inout FindingCollector
    ) -> Bool {
        let text = entry.takesWholeLine ? String(line) : values[.message]
        switch entry.kind {
        case .single:
            close(&collector)
            guard !entry.isIgnored else { return false }
            begin(values, text, nil, entry)
            close(&collector)
        case .begins(let letter):
            close(&collector)
            begin(values, text, letter == "A" ? nil : letter, entry)
            return !entry.isIgnored
        case .continues, .ends:
            if !entry.isIgnored || values[.message] == nil { open?.merge(values, text: entry.isIgnored ? nil : text) }
            if entry.kind == .ends { close(&collector) }
        case .enters:
            if let directory = values[.file] { collector.resolver.directories.enter(directory) }
        case .leaves: collector.resolver.directories.leave(values[.file])
        case .general:
            close(&collector)
            return false
        case .overread, .pushes, .pops:
            if entry.kind == .pushes, let file = values[.file], files.count < Self.mostFiles { files.append(file) }
            if entry.kind == .pops { _ = files.popLast() }
            if let rest = values[.rest], !rest[...].isBlank, rereads < Self.mostRereads,
                rest.utf8.count < line.utf8.count
            {
                return take(rest[...], rereads: rereads + 1, &collector) || entry.kind != .overread
            }
        }
        return true
    }

    private mutating func begin(
        _ values: [ErrorformatEntry.Field: String], _ text: String?, _ type: Character?, _ entry: ErrorformatEntry
    ) {
        var message = Message(type: type, isIgnored: entry.isIgnored)
        message.merge(values, text: text)
        if let type { message.type = type }
        open = message
    }

    private mutating func close(_ collector: inout FindingCollector) {
        guard let message = open else { return }
        open = nil
        guard !message.isIgnored else { return }
        func number(_ field: ErrorformatEntry.Field) -> Int? { message.values[field].flatMap { $0[...].smallNumber } }
        var place: Finding.Place?
        if let file = message.values[.file] ?? files.last {
            let pointer = message.values[.pointer].map { $0.utf8.count + 1 }
            let column = number(.column) ?? number(.cells) ?? pointer
            place = collector.place(
                file[...], line: number(.line) ?? 0, column: column,
                unit: number(.column) == nil && number(.cells) != nil ? .cells : .bytes)
            place?.endLine = number(.endLine)
            place?.endColumn = number(.endColumn).map { $0 + 1 }
        }
        var text = message.text[...].trimmed
        var severity = Self.severity(message.type)
        var code = message.values[.number]
        if severity == nil, let prefix = SeverityPrefix(text) {
            severity = prefix.severity
            code = code ?? prefix.code
            text = prefix.message
        }
        guard !text.isEmpty || place != nil else { return }
        collector.currentParser = label
        collector.add(
            Finding(
                tool: tool, severity: severity ?? .error, code: code,
                message: text.isEmpty ? "failed" : String(text), place: place))
        collector.endFinding()
    }

    private static func severity(_ letter: Character?) -> Diagnostic.Severity? {
        switch letter {
        case "E", "e", "F", "f": .error
        case "W", "w": .warning
        case "I", "i", "N", "n", "H", "h": .information
        default: nil
        }
    }
}
