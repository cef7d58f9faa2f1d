import AgentProtocol
import JSON

/// Turns diagnostics of the agent protocol into the client's, with what it declared and no more.
struct DiagnosticTranslator: Sendable {
    let features: ClientFeatures

    /// What of a diagnostic stays the same while the user types.
    struct Prepared: Sendable {
        var entry: DiagnosticBoard.Entry
        var path: WorkspacePath
        /// Without range, and without notes.
        var template: LSP.Diagnostic
        var notes: [Note]
    }

    /// A related place, or a frame of a failed test's stack.
    struct Note: Sendable {
        var path: WorkspacePath
        var range: TextRange?
        var message: String
    }

    /// Where a place of the sandbox's tree is for the user, and under which URI.
    typealias Lookup = (WorkspacePath) -> (uri: String, placement: Placement)

    /// Notes shown with one diagnostic.
    static let mostNotes = 20
    /// Bytes of the agent's line shown with a diagnostic on it.
    private static let shownLine = 120
    /// What marks a message of a line that the user has changed since.
    static let stalePrefix = "stale: "

    func prepare(_ entry: DiagnosticBoard.Entry) -> Prepared? {
        let diagnostic = entry.diagnostic
        guard let path = try? WorkspacePath(diagnostic.path) else { return nil }
        let places = (diagnostic.related ?? []) + (diagnostic.test?.stack ?? [])
        let notes = places.lazy.compactMap { place -> Note? in
            guard let path = try? WorkspacePath(place.path) else { return nil }
            let message = clean(place.message)
            return Note(path: path, range: place.range, message: message.isEmpty ? "called from here" : message)
        }.prefix(Self.mostNotes)
        let start = LSP.Position(line: 0, character: 0)
        return Prepared(
            entry: entry, path: path,
            template: LSP.Diagnostic(
                range: LSP.Range(start: start, end: start),
                severity: LSP.DiagnosticSeverity(diagnostic.severity).rawValue,
                code: diagnostic.code.map { .string($0) },
                codeDescription: features.showsCodeDescription ? description(diagnostic.codeURL) : nil,
                source: diagnostic.tool,
                message: clean(diagnostic.message) + testLines(diagnostic),
                tags: tags(diagnostic),
                data: features.keepsDiagnosticData ? data(entry) : JSON?.none),
            notes: Array(notes))
    }

    /// - Returns: the diagnostic as the client gets it, and whether its place is as the tool saw it.
    func translate(_ prepared: Prepared, lookup: Lookup) -> (diagnostic: LSP.Diagnostic, state: Placement.State) {
        let diagnostic = prepared.entry.diagnostic
        let place = lookup(prepared.path).placement.place(diagnostic.range, sourceLine: diagnostic.sourceLine)
        var result = prepared.template
        result.range = place.range
        let links = prepared.notes.map { note in
            let (uri, placement) = lookup(note.path)
            return LSP.DiagnosticRelatedInformation(
                location: .init(uri: uri, range: placement.place(note.range).range), message: note.message)
        }
        if features.showsRelatedInformation {
            result.relatedInformation = links.isEmpty ? nil : links
        } else {
            for (note, link) in zip(prepared.notes, links) {
                let line = note.range == nil ? "" : ":\(link.location.range.start.line + 1)"
                result.message += "\n\(DisplayText.exact(note.path.text))\(line): \(note.message)"
            }
        }
        mark(&result, place.state, diagnostic)
        return (result, place.state)
    }

    /// LSP has no word for a diagnostic that may no longer hold. A hint does not count as an error anywhere, and every
    /// editor shows messages; tags would dim or strike out the user's own new code.
    private func mark(
        _ result: inout LSP.Diagnostic, _ state: Placement.State, _ diagnostic: AgentProtocol.Diagnostic
    ) {
        switch state {
        case .current: break
        case .stale:
            if features.keepsDiagnosticData {
                result.data?["stale"] = true
                result.data?["severity"] = result.severity.map { .number(JSONNumber($0)) } ?? .null
            }
            result.severity = LSP.DiagnosticSeverity.hint.rawValue
            result.message = Self.stalePrefix + result.message
        case .sandbox:
            result.data?["place"] = "sandbox"
            guard let line = diagnostic.sourceLine, let range = diagnostic.range else { return }
            let shown = DisplayText.firstLine(line, limit: Self.shownLine)
            result.message += "\nin the agent's version, line \(range.startLine): \(shown)"
        }
    }

    // MARK: Parts

    /// What a failed test says beyond its message.
    private func testLines(_ diagnostic: AgentProtocol.Diagnostic) -> String {
        guard let test = diagnostic.test else { return "" }
        var text = ""
        for (name, value) in [("test", test.name), ("expected", test.expected), ("actual", test.actual)] {
            guard let value, !value.isEmpty, !diagnostic.message.contains(value) else { continue }
            text += "\n\(name): \(clean(value))"
        }
        return text
    }

    private func tags(_ diagnostic: AgentProtocol.Diagnostic) -> [Int]? {
        let tags = (diagnostic.tags ?? []).map { LSP.DiagnosticTag($0).rawValue }.filter(features.shownTags.contains)
        return tags.isEmpty ? nil : tags
    }

    private func description(_ url: String?) -> LSP.CodeDescription? {
        // The editor may open it with a click.
        guard let url, url.hasPrefix("https://") || url.hasPrefix("http://"),
            !url.unicodeScalars.contains(where: { DisplayText.isUnsafe($0) || $0 == " " })
        else { return nil }
        return LSP.CodeDescription(href: url)
    }

    private func data(_ entry: DiagnosticBoard.Entry) -> JSON {
        var data: JSON = [
            "sessionId": .string(entry.session), "check": .string(entry.check),
            "fingerprint": .string(entry.diagnostic.fingerprint),
        ]
        if let test = entry.diagnostic.test {
            var told: JSON = ["name": .string(test.name)]
            if let expected = test.expected { told["expected"] = .string(expected) }
            if let actual = test.actual { told["actual"] = .string(actual) }
            data["test"] = told
        }
        return data
    }

    private func clean(_ text: String) -> String { DisplayText.cleaned(text) }
}
