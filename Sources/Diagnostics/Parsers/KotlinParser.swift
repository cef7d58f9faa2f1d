import AgentProtocol

/// Kotlin's compiler as Gradle and Maven run it, in the forms of old and new versions, and alone:
///
///     e: file:///src/Calc.kt:5:22 Type mismatch: inferred type is String but Int was expected
///     w: /src/Calc.kt: (18, 9): 'old(): Unit' is deprecated. use add
///     Calc.kt:5:22: error: type mismatch: inferred type is String but Int was expected
struct KotlinParser: DiagnosticParser {
    static let name = "kotlin"

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { $0.hasPrefix("kotlinc") || $0 == "ktlint" || $0 == "detekt" }
            || GradleParser.recognises(command: command)
    }

    private let isExpected: Bool

    init(_ setting: ParserSetting) { isExpected = setting.isExpected }

    func mightTake(_ shape: LineShape) -> Bool {
        shape.has(.place) || shape.begins(withAnyOf: "ew") && shape.has(.colon)
    }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        if line.begins("e: ") || line.begins("w: ") {
            guard takeMarked(line, &collector) else { return false }
            cursor.advance()
            return true
        }
        guard let located = cursor.located(), ["kt", "kts"].contains(located.fileExtension),
            let prefix = SeverityPrefix(located.rest), !prefix.message.isEmpty,
            var place = collector.place(located, unit: .utf16)
        else { return false }
        cursor.advance()
        let source = place.file.inside.flatMap { collector.resolver.sourceLine($0, place.line) }
        place.cells = SourceSnippet.take(&cursor, source: source).cells
        add(prefix.severity, prefix.message, place, &collector)
        return true
    }

    private func takeMarked(_ line: Substring, _ collector: inout FindingCollector) -> Bool {
        let severity: Diagnostic.Severity = line.utf8.first == UInt8(ascii: "e") ? .error : .warning
        let text = line.droppingBytes(3)
        // `/src/Calc.kt: (5, 22): Type mismatch`.
        if let (file, rest) = text.cut(at: ": ("), let (position, message) = rest.cut(at: "): "),
            let (row, column) = position.cut(at: ", "), let line = row.smallNumber,
            let place = collector.place(file, line: line, column: column.smallNumber, unit: .utf16)
        {
            add(severity, message, place, &collector)
            return true
        }
        // `file:///src/Calc.kt:5:22 Type mismatch`: no colon behind the column.
        for suffix in [".kt:", ".kts:", ".java:"] {
            guard let (stem, rest) = text.cut(at: suffix), let (position, message) = rest.cut(at: " "),
                let (row, column) = position.cut(at: ":"), let line = row.smallNumber
            else { continue }
            let file = stem + suffix[...].droppingLastBytes(1)
            let digits = column.before(suffix: ":") ?? column
            guard let place = collector.place(file, line: line, column: digits.smallNumber, unit: .utf16) else {
                continue
            }
            add(severity, message, place, &collector)
            return true
        }
        guard isExpected, !text.trimmed.isEmpty else { return false }
        add(severity, text, nil, &collector)
        return true
    }

    private func add(
        _ severity: Diagnostic.Severity, _ message: Substring, _ place: Finding.Place?,
        _ collector: inout FindingCollector
    ) {
        let tags: [Diagnostic.Tag] =
            if message.has(" is deprecated") {
                [.deprecated]
            } else if message.has(" is never used") || message.has(" is redundant") || message.has("Unused ") {
                [.unnecessary]
            } else {
                []
            }
        collector.add(
            Finding(tool: "kotlinc", severity: severity, message: String(message.trimmed), place: place, tags: tags))
        collector.endFinding()
    }
}
