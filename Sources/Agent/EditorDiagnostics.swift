import AgentProtocol

/// Diagnostics that the user points at, of whatever server found them, as the model reads them.
enum EditorDiagnostics {
    /// Bytes of the whole text: a few thousand tokens.
    static let maximumBytes = 16 << 10
    /// Bytes of one message. Type errors of C++ and TypeScript fill pages.
    private static let messageBytes = 1 << 10
    private static let lineBytes = 200
    private static let notes = 4
    private static let noteBytes = 300

    /// The most severe first; what does not fit is counted.
    static func text(_ diagnostics: [Diagnostic]) -> String {
        let severities = Diagnostic.Severity.allCases
        let ordered = severities.flatMap { severity in diagnostics.filter { $0.severity == severity } }
        var entries: [String] = []
        var bytes = 0
        for diagnostic in ordered {
            let entry = entry(diagnostic)
            bytes += entry.utf8.count
            if bytes > maximumBytes { break }
            entries.append(entry)
        }
        let text = "Diagnostics that the user points at (\(diagnostics.count)):\(entries.joined())"
        let left = ordered.dropFirst(entries.count)
        guard !left.isEmpty else { return text }
        let counts = severities.compactMap { severity -> String? in
            let count = left.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        return text + "\n… and \(left.count) more, left out here: \(counts.joined(separator: ", "))"
    }

    private static func entry(_ diagnostic: Diagnostic) -> String {
        let name = [diagnostic.tool, diagnostic.code ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        var text = "\n\(place(diagnostic.path, diagnostic.range)): \(diagnostic.severity.rawValue): "
        text += indented(diagnostic.message, bytes: messageBytes) + " [\(line(name, bytes: 100))]"
        if let source = diagnostic.sourceLine, let range = diagnostic.range,
            source.contains(where: { !$0.isWhitespace })
        {
            text += "\n    \(range.startLine) | \(line(source, bytes: lineBytes))"
        }
        for (name, value) in [("expected", diagnostic.test?.expected), ("actual", diagnostic.test?.actual)] {
            if let value { text += "\n    \(name): \(indented(value, bytes: noteBytes))" }
        }
        let related = diagnostic.related ?? []
        for note in related.prefix(notes) {
            text += "\n    note: \(place(note.path, note.range)): \(indented(note.message, bytes: noteBytes))"
        }
        if related.count > notes { text += "\n    … and \(related.count - notes) more notes" }
        return text
    }

    private static func place(_ path: String, _ range: TextRange?) -> String {
        let path = line(path, bytes: 400)
        return range.map { "\(path):\($0.startLine):\($0.startColumn)" } ?? path
    }

    /// Further lines stay below the first.
    private static func indented(_ text: String, bytes: Int) -> String {
        HeadTailBuffer.capped(text, limit: bytes).split(whereSeparator: \.isNewline).joined(separator: "\n    ")
    }

    /// One line, cut at its end.
    private static func line(_ text: String, bytes: Int) -> String {
        let first = text.prefix { !$0.isNewline }
        guard first.utf8.count > bytes else { return String(first) }
        // Not within a character.
        var kept = Array(first.utf8.prefix(bytes + 1))
        while let last = kept.popLast(), last & 0xC0 == 0x80 {}
        return String(decoding: kept, as: UTF8.self) + "…"
    }
}
