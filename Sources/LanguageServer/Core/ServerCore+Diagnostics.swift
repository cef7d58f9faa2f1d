import AgentProtocol
import JSON

extension ServerCore {
    /// Takes in what an event says about diagnostics. Returns the absolute paths that may look different now.
    func absorbDiagnostics(_ params: AgentProgress.Params) -> Set<String> {
        let id = params.sessionId
        guard let session = sessions[id] else { return [] }
        switch params.event {
        case .fileChanged(let event):
            // A file that is only in the sandbox has no place to map back to.
            guard event.change == .modified, shifts[id, default: [:]].count < SessionView.mostItems else { return [] }
            shifts[id, default: [:]][event.path, default: LineShift()].append(patch: event.patch)
            return []
        case .diagnosticsUpdated(let event):
            guard session.isFolderTrusted else { return [] }
            let shift = shifts[id] ?? [:]
            return board.update(
                session: id, check: event.check, folder: session.folder,
                diagnostics: event.diagnostics.map { $0.shifted(by: shift) })
        case .resultApplied(let event):
            for path in event.applied { shifts[id]?[path] = nil }
            return clearDiagnostics(of: id, applied: event.applied, isComplete: event.conflicts.isEmpty)
        default: return []
        }
    }

    /// Applied files show the truth of the editor's own tools again.
    func clearDiagnostics(of id: String, applied: [String], isComplete: Bool) -> Set<String> {
        guard let folder = sessions[id]?.folder else { return [] }
        let paths = Set(applied.map { FileURI.normalized("\(folder)/\($0)") })
        return board.clear(session: id, paths: isComplete ? nil : paths)
    }

    /// Sends the merged diagnostics of files; an empty list clears one that had some.
    func publish(_ paths: Set<String>) async {
        for path in paths.sorted() {
            let document = documents[path: path]
            let diagnostics = lspDiagnostics(for: path)
            let uri = document?.uri ?? FileURI.uri(of: path)
            let former = published[path]
            published[path] = diagnostics.isEmpty ? nil : uri
            if let former, former != uri {
                await notify(LSP.PublishDiagnostics.self, .init(uri: former, diagnostics: []))
            }
            if diagnostics.isEmpty && former == nil { continue }
            await notify(
                LSP.PublishDiagnostics.self, .init(uri: uri, version: document?.version, diagnostics: diagnostics))
        }
    }

    /// What all sessions say about a file, in the client's terms.
    func lspDiagnostics(for path: String) -> [LSP.Diagnostic] {
        let entries = board.entries(for: path)
        guard !entries.isEmpty else { return [] }
        var texts: [String: TextBuffer?] = [:]
        let translator = DiagnosticTranslator(features: features)
        return entries.map { entry in
            translator.translate(entry) { relative in
                let absolute = FileURI.normalized("\(entry.folder)/\(relative.text)")
                if let known = texts[absolute] { return (documents[path: absolute]?.uri, known) }
                let text = visibleText(relative, beneath: entry.folder)
                texts[absolute] = .some(text)
                return (documents[path: absolute]?.uri, text)
            }
        }
    }
}

extension AgentProtocol.Diagnostic {
    /// With its lines where they were before the sandbox changed the files.
    fileprivate func shifted(by shifts: [String: LineShift]) -> Self {
        var result = self
        if let shift = shifts[path] { result.range = range?.shifted(by: shift) }
        for index in (related ?? []).indices {
            guard let note = related?[index], let shift = shifts[note.path] else { continue }
            result.related?[index].range = note.range?.shifted(by: shift)
        }
        return result
    }
}

extension TextRange {
    fileprivate func shifted(by shift: LineShift) -> Self {
        var result = self
        result.startLine = shift.originalLine(startLine)
        result.endLine = max(result.startLine, shift.originalLine(endLine))
        return result
    }
}
