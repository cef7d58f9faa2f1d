import AgentProtocol
import JSON

/// Turns diagnostics of the agent protocol into the client's, with what it declared and no more.
struct DiagnosticTranslator: Sendable {
    let features: ClientFeatures

    /// The URI under which the client has the file open, and the text that the user sees.
    typealias Lookup = (WorkspacePath) -> (uri: String?, text: TextBuffer?)

    /// Notes shown with one diagnostic.
    static let mostNotes = 20

    func translate(_ entry: DiagnosticBoard.Entry, lookup: Lookup) -> LSP.Diagnostic {
        let diagnostic = entry.diagnostic
        let related = (diagnostic.related ?? []).prefix(Self.mostNotes)
        let links = related.compactMap { information($0, folder: entry.folder, lookup: lookup) }
        var message = clean(diagnostic.message)
        if !features.showsRelatedInformation { message += notes(related) }
        return LSP.Diagnostic(
            range: range(diagnostic.range, path: diagnostic.path, lookup: lookup),
            severity: LSP.DiagnosticSeverity(diagnostic.severity).rawValue,
            code: diagnostic.code.map { .string($0) },
            codeDescription: features.showsCodeDescription ? description(diagnostic.codeURL) : nil,
            source: diagnostic.tool,
            message: message,
            relatedInformation: features.showsRelatedInformation && !links.isEmpty ? links : nil,
            data: features.keepsDiagnosticData ? data(entry) : JSON?.none)
    }

    private func range(_ range: TextRange?, path: String, lookup: Lookup) -> LSP.Range {
        let start = LSP.Position(line: 0, character: 0)
        guard let range else { return LSP.Range(start: start, end: start) }
        let text = (try? WorkspacePath(path)).flatMap { lookup($0).text }
        guard let text else { return Self.uncheckedRange(range) }
        return PositionMapper(encoding: features.encoding).range(of: range, in: text)
    }

    /// For a file that is only in the sandbox: bytes stand for characters.
    private static func uncheckedRange(_ range: TextRange) -> LSP.Range {
        /// Positions are unsigned 31-bit numbers in LSP.
        func clamp(_ value: Int) -> Int { min(max(value, 1), Int(Int32.max)) - 1 }
        let start = LSP.Position(line: clamp(range.startLine), character: clamp(range.startColumn))
        let end = LSP.Position(line: clamp(range.endLine), character: clamp(range.endColumn))
        return LSP.Range(start: start, end: max(start, end))
    }

    private func information(
        _ note: RelatedLocation, folder: String, lookup: Lookup
    ) -> LSP.DiagnosticRelatedInformation? {
        guard let path = try? WorkspacePath(note.path) else { return nil }
        let uri = lookup(path).uri ?? FileURI.uri(of: FileURI.normalized("\(folder)/\(path.text)"))
        let range = range(note.range, path: note.path, lookup: lookup)
        return .init(location: .init(uri: uri, range: range), message: clean(note.message))
    }

    /// For clients that cannot link notes: as text.
    private func notes(_ related: ArraySlice<RelatedLocation>) -> String {
        related.map { note in
            let place = note.range.map { "\(note.path):\($0.startLine)" } ?? note.path
            return "\n\(DisplayText.exact(place)): \(clean(note.message))"
        }.joined()
    }

    private func description(_ url: String?) -> LSP.CodeDescription? {
        // The editor may open it with a click.
        guard let url, url.hasPrefix("https://") || url.hasPrefix("http://"),
            !url.unicodeScalars.contains(where: { DisplayText.isUnsafe($0) || $0 == " " })
        else { return nil }
        return LSP.CodeDescription(href: url)
    }

    private func data(_ entry: DiagnosticBoard.Entry) -> JSON {
        [
            "sessionId": .string(entry.session), "check": .string(entry.check),
            "fingerprint": .string(entry.diagnostic.fingerprint),
        ]
    }

    private func clean(_ text: String) -> String { DisplayText.cleaned(text) }
}
