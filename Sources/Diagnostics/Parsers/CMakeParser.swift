import AgentProtocol

/// CMake's configure step: messages of several lines with the stack of calls.
struct CMakeParser: DiagnosticParser {
    static let name = "cmake"
    static let companions: [any DiagnosticParser.Type] = [
        GCCParser.self, LinkerParser.self, MakeParser.self, CTestParser.self,
    ]

    static func recognises(command: [String]) -> Bool {
        CommandWords.programs(of: command).contains { ["cmake", "cmake3", "ccmake"].contains($0) }
    }

    private static let mostLines = 60

    init(_ setting: ParserSetting) {}

    func mightTake(_ shape: LineShape) -> Bool { shape.begins(withAnyOf: "C-") }

    mutating func take(_ cursor: inout OutputCursor, into collector: inout FindingCollector) -> Bool {
        let line = cursor.line
        guard let rest = line.after(prefix: "CMake ") else {
            guard line.begins("-- Configuring incomplete, errors occurred!") else { return false }
            cursor.advance()
            if cursor.line.begins("See also \"") { cursor.advance() }
            return true
        }
        guard let (severity, tail) = Self.severity(rest) else { return false }
        var place: Finding.Place?
        var lines: [Substring] = []
        if let at = tail.after(prefix: " at "), let located = Self.located(at) {
            place = self.place(located, &collector)
        } else if let text = tail.after(prefix: ":") {
            if !text.isBlank { lines.append(text.trimmed) }
        } else {
            return false
        }
        cursor.advance()
        lines += body(&cursor)
        let message = lines.joined(separator: "\n")
        let tags: [Diagnostic.Tag] = rest.begins("Deprecation") ? [.deprecated] : []
        collector.add(
            Finding(
                tool: Self.name, severity: severity, message: message.isEmpty ? "failed" : message, place: place,
                tags: tags))
        takeStack(&cursor, &collector)
        if cursor.line.begins("This warning is for project developers.") { cursor.advance() }
        collector.endFinding()
        return true
    }

    private static func severity(_ text: Substring) -> (Diagnostic.Severity, Substring)? {
        let words: [(String, Diagnostic.Severity)] = [
            ("Deprecation Error", .error), ("Error", .error), ("Deprecation Warning", .warning), ("Warning", .warning),
        ]
        for (word, severity) in words {
            guard let rest = text.after(prefix: word) else { continue }
            return (severity, rest.after(prefix: " (dev)") ?? rest)
        }
        return nil
    }

    /// `CMakeLists.txt:4 (message):`, `CMakeLists.txt:2:`.
    private static func located(_ text: Substring) -> LocatedLine? {
        if let (before, _) = text.cut(at: " ("), let located = LocatedLine(before + ":") { return located }
        return LocatedLine(text)
    }

    /// CMake's names begin at the top of the sources, wherever it was started.
    private func place(_ located: LocatedLine, _ collector: inout FindingCollector) -> Finding.Place? {
        guard var place = collector.place(located) else { return nil }
        if !collector.resolver.exists(place.file), located.file.utf8.first != UInt8(ascii: "/"),
            let only = collector.resolver.uniqueFile(endingIn: String(located.file))
        {
            place.file = only
        }
        return place
    }

    private func body(_ cursor: inout OutputCursor) -> [Substring] {
        var lines: [Substring] = []
        var blanks = 0
        while !cursor.isAtEnd {
            let line = cursor.line
            if line.isBlank {
                blanks += 1
                // Two end a message.
                if blanks == 2 { break }
            } else if line.begins("  ") {
                if lines.count < Self.mostLines {
                    if blanks > 0, !lines.isEmpty { lines.append("") }
                    lines.append(line.droppingBytes(2))
                }
                blanks = 0
            } else {
                break
            }
            cursor.advance()
        }
        return lines
    }

    private func takeStack(_ cursor: inout OutputCursor, _ collector: inout FindingCollector) {
        guard cursor.line.begins("Call Stack (most recent call first):") else { return }
        cursor.advance()
        while !cursor.isAtEnd, cursor.line.begins("  "), let located = Self.located(cursor.line.trimmed) {
            let name = cursor.line.cut(at: " (").map { String($0.after.before(suffix: ")") ?? $0.after) } ?? ""
            collector.attach(.init(place: place(located, &collector), message: "called from here, \(name)"))
            cursor.advance()
        }
    }
}
