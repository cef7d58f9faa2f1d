import AgentProtocol

/// The text about a check that the model reads.
public enum DiagnosticReport {
    /// Diagnostics shown with their source line and notes; the others get a line each.
    static let mostDetailed = 10
    /// Notes shown of one diagnostic.
    static let mostNotes = 4
    /// Bytes of a source line shown.
    static let sourceLineBytes = 200
    /// Share of the space that leftover text gets when there are diagnostics as well.
    static let leftoverShare = 4

    /// Describes a check's result: counts first, then what is new (errors before the rest, files that the agent
    /// touched before others), then what remains, then leftover text. Few diagnostics in full rather than many cut:
    /// what does not fit is counted.
    ///
    /// - Parameters:
    ///   - delta: against the baseline; nil when there is none, and all diagnostics count as new.
    ///   - diagnostics: all of the current run.
    ///   - unparsed: the output that no parser understood; shown when the check failed.
    ///   - touchedPaths: files that the agent has changed.
    ///   - sourceLine: as in `DiagnosticParsing.parse`.
    ///   - maximumBytes: the result is never longer.
    public static func text(
        check: String, passed: Bool, delta: DiagnosticDelta? = nil, diagnostics: [Diagnostic], unparsed: String,
        touchedPaths: Set<String> = [], sourceLine: (_ path: String, _ line: Int) -> String?, maximumBytes: Int
    ) -> String {
        var page = BoundedText(limit: maximumBytes)
        page.append(headline(check: check, passed: passed, delta: delta, diagnostics: diagnostics))
        let leftover = passed ? "" : unparsed
        // Leftover text is all there is when nothing was understood, and second to diagnostics otherwise.
        let hasErrors = diagnostics.contains { $0.severity == .error }
        let wanted = leftover.isEmpty ? 0 : min(leftover.utf8.count + 40, maximumBytes)
        let reserve = hasErrors ? min(wanted, maximumBytes / leftoverShare) : min(wanted, maximumBytes / 2)

        var detailed = mostDetailed
        let new = ranked(delta?.new ?? diagnostics, touchedPaths)
        let title = delta == nil ? nil : "New:"
        list(new, title: title, detailed: &detailed, page: &page, reserve: reserve, sourceLine: sourceLine)
        if let delta {
            // Old errors may be the task itself, so they are told in full too, after the new ones.
            let remaining = ranked(delta.remaining, touchedPaths)
            list(
                remaining, title: "There before the change and still:", detailed: &detailed, page: &page,
                reserve: reserve, sourceLine: sourceLine)
            var none = 0
            list(
                ranked(delta.fixed, touchedPaths), title: "Fixed:", detailed: &none, page: &page, reserve: reserve,
                sourceLine: { _, _ in nil })
        }
        if !leftover.isEmpty { appendLeftover(leftover, page: &page) }
        return page.text
    }

    private static func headline(
        check: String, passed: Bool, delta: DiagnosticDelta?, diagnostics: [Diagnostic]
    ) -> String {
        func counts(_ list: [Diagnostic]) -> String {
            let errors = list.count { $0.severity == .error }
            let warnings = list.count { $0.severity == .warning }
            var parts = ["\(errors) \(errors == 1 ? "error" : "errors")"]
            if warnings > 0 { parts.append("\(warnings) \(warnings == 1 ? "warning" : "warnings")") }
            let others = list.count - errors - warnings
            if others > 0 { parts.append("\(others) \(others == 1 ? "note" : "notes")") }
            return parts.joined(separator: ", ")
        }
        var text = "Check “\(check.shortened(toBytes: 128))” \(passed ? "passed" : "failed"): \(counts(diagnostics))."
        if let delta {
            text += " New: \(counts(delta.new)). Fixed: \(delta.fixed.count). Still there: \(delta.remaining.count)."
        }
        return text + "\n"
    }

    /// Errors first, then files that the agent touched, then as printed.
    static func ranked(_ diagnostics: [Diagnostic], _ touched: Set<String>) -> [Diagnostic] {
        func rank(_ diagnostic: Diagnostic) -> Int {
            let severity =
                switch diagnostic.severity {
                case .error: 0
                case .warning: 2
                case .information, .hint: 4
                }
            return severity + (touched.contains(diagnostic.path) ? 0 : 1)
        }
        return diagnostics.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
            .map(\.element)
    }

    private static func list(
        _ diagnostics: [Diagnostic], title: String?, detailed: inout Int, page: inout BoundedText, reserve: Int,
        sourceLine: (String, Int) -> String?
    ) {
        guard !diagnostics.isEmpty else { return }
        var shown = 0
        for diagnostic in diagnostics {
            var entry = detailed > 0 ? detail(diagnostic, sourceLine) : line(diagnostic)
            if shown == 0, let title { entry = "\n\(title)\n" + entry }
            // The first one is worth the reserve; 40 bytes for the count of the others.
            let keeps = page.isFirstEntry ? 40 : reserve + 40
            guard page.append(entry, keeping: keeps) else { break }
            shown += 1
            detailed = max(0, detailed - 1)
        }
        if shown < diagnostics.count {
            page.append("\(shown == 0 ? title.map { "\n\($0) " } ?? "" : "")\(diagnostics.count - shown) more\n")
        }
    }

    /// `src/a.c:3:36: error: message [-Wcode] (gcc)`, further lines of the message indented.
    private static func line(_ diagnostic: Diagnostic) -> String {
        var text = place(diagnostic.path, diagnostic.range)
        if !text.isEmpty { text += ": " }
        text += "\(diagnostic.severity.rawValue): "
        let lines = diagnostic.message.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            Substring($0)
        }
        text += lines.map { String($0) }.joined(separator: "\n    ")
        if let code = diagnostic.code { text += " [\(code)]" }
        return text + " (\(diagnostic.tool))\n"
    }

    private static func detail(_ diagnostic: Diagnostic, _ sourceLine: (String, Int) -> String?) -> String {
        var text = line(diagnostic)
        if let range = diagnostic.range, let source = sourceLine(diagnostic.path, range.startLine) {
            text += SourceQuotation.text(source, range: range)
        }
        let related = diagnostic.related ?? []
        for note in related.prefix(mostNotes) {
            let place = place(note.path, note.range)
            text += "    note: \(place.isEmpty ? "" : place + ": ")\(note.message)\n"
        }
        if related.count > mostNotes { text += "    \(related.count - mostNotes) more notes\n" }
        if let fix = diagnostic.fixes?.first { text += "    the tool's own fix: \(fix.title)\n" }
        return text
    }

    private static func place(_ path: String, _ range: TextRange?) -> String {
        guard !path.isEmpty else { return "" }
        return range.map { "\(path):\($0.startLine):\($0.startColumn)" } ?? path
    }

    private static func appendLeftover(_ text: String, page: inout BoundedText) {
        let title = "\nOutput that no parser understood:\n"
        let room = page.room - title.utf8.count - 8
        guard room > 64 else { return }
        page.append(title)
        if text.utf8.count <= room {
            page.append(text + "\n")
            return
        }
        // The end of an output tells most.
        var tail = text.utf8.suffix(room)
        if let lineFeed = tail.firstIndex(of: 0x0A) { tail = tail[tail.index(after: lineFeed)...] }
        while let byte = tail.first, byte & 0xC0 == 0x80 { tail = tail.dropFirst() }
        page.append("…\n" + String(Substring(tail)) + "\n")
    }
}
