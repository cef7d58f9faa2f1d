import AgentProtocol
import JSON

extension ServerCore {
    /// Takes in what an event says about diagnostics. Returns the absolute paths that may look different now.
    func absorbDiagnostics(_ params: AgentProgress.Params) -> Set<String> {
        let id = params.sessionId
        guard let session = sessions[id] else { return [] }
        switch params.event {
        case .diagnosticsUpdated(let event):
            guard session.isFolderTrusted else { return [] }
            let affected = board.update(session: id, folder: session.folder, event)
            prepare(affected)
            return affected
        case .resultApplied(let event):
            guard event.scope != .undone else { return [] }
            return clearDiagnostics(
                of: id, applied: event.applied, isComplete: event.conflicts.isEmpty && event.scope == nil)
        default: return []
        }
    }

    /// Applied files show the truth of the editor's own tools again.
    func clearDiagnostics(of id: String, applied: [String], isComplete: Bool) -> Set<String> {
        guard let folder = sessions[id]?.folder else { return [] }
        let paths = Set(applied.map { FileURI.normalized("\(folder)/\($0)") })
        let moved = rereadFiles(paths)
        return forgetDiagnostics(of: id, paths: isComplete ? nil : paths).union(moved)
    }

    /// Takes a session's diagnostics away, all or those of some files. Returns the absolute paths that look different now.
    func forgetDiagnostics(of id: String, paths: Set<String>? = nil) -> Set<String> {
        let affected = board.clear(session: id, paths: paths)
        prepare(affected)
        return affected
    }

    // MARK: Publishing

    /// Sends the merged diagnostics of files where they differ from what stands in the editor; an empty list clears one
    /// that had some.
    /// - Parameter again: also what stands there already.
    func publish(_ paths: Set<String>, again: Bool = false) async {
        for path in paths.sorted() {
            let former = published[path]
            let diagnostics = placedDiagnostics(for: path).map(\.diagnostic)
            if diagnostics.isEmpty && former == nil { continue }
            let document = documents[path: path]
            let uri = document?.uri ?? former?.uri ?? FileURI.uri(of: path)
            if !again, let former, former.uri == uri, former.diagnostics == diagnostics { continue }
            let params = LSP.PublishDiagnostics.Params(
                uri: uri, version: document?.version, diagnostics: diagnostics)
            published[path] = diagnostics.isEmpty ? nil : params
            if let former, former.uri != uri {
                await notify(LSP.PublishDiagnostics.self, .init(uri: former.uri, diagnostics: []))
            }
            if diagnostics.isEmpty, former?.uri != uri { continue }
            await notify(LSP.PublishDiagnostics.self, params)
        }
    }

    /// Files whose diagnostics name a place in one of these.
    func readers(of paths: Set<String>) -> Set<String> {
        paths.reduce(into: paths) { $0.formUnion(mentions[$1] ?? []) }
    }

    /// What all sessions say about a file, in the client's terms, as of now.
    func placedDiagnostics(for path: String) -> [PlacedDiagnostic] {
        guard let prepared = prepared[path] else { return [] }
        let translator = DiagnosticTranslator(features: features)
        return prepared.map { prepared in
            let (diagnostic, state) = translator.translate(prepared) { relative in
                let absolute = FileURI.normalized("\(prepared.entry.folder)/\(relative.text)")
                return (
                    documents[path: absolute]?.uri ?? FileURI.uri(of: absolute),
                    placement(in: absolute, relative, of: prepared.entry)
                )
            }
            return PlacedDiagnostic(entry: prepared.entry, diagnostic: diagnostic, state: state)
        }
    }

    func placement(in absolute: String, _ path: WorkspacePath, of entry: DiagnosticBoard.Entry) -> Placement {
        Placement(
            changes: board.changes(for: entry, in: path), followed: texts[entry.session]?.followed[absolute],
            mapper: mapper)
    }

    /// Makes what the board has of these files ready for the client, and follows every file that it names.
    private func prepare(_ paths: Set<String>) {
        let translator = DiagnosticTranslator(features: features)
        let known = paths.filter { path in texts.values.contains { $0.followed[path] != nil } }
        for path in paths {
            let ready = board.entries(for: path).compactMap(translator.prepare)
            prepared[path] = ready.isEmpty ? nil : ready
            for one in ready {
                follow(one.path, of: one.entry)
                for note in one.notes where note.path != one.path {
                    let absolute = follow(note.path, of: one.entry)
                    mentions[absolute, default: []].insert(path)
                }
                for edit in one.entry.diagnostic.fixes?.lazy.flatMap(\.edits) ?? [] {
                    guard edit.path != one.entry.diagnostic.path, let path = try? WorkspacePath(edit.path) else {
                        continue
                    }
                    follow(path, of: one.entry)
                }
            }
        }
        if prepared.isEmpty { mentions = [:] }
        _ = rereadFiles(known)
    }

    // MARK: Texts

    @discardableResult
    private func follow(_ path: WorkspacePath, of entry: DiagnosticBoard.Entry) -> String {
        let absolute = FileURI.normalized("\(entry.folder)/\(path.text)")
        texts[entry.session]?.follow(absolute, buffer: documents[path: absolute]?.buffer) {
            diskText(path, beneath: entry.folder)
        }
        return absolute
    }

    /// Takes in what files without a buffer have now. Returns those with diagnostics that may stand elsewhere.
    func rereadFiles(_ paths: Set<String>) -> Set<String> {
        var affected: Set<String> = []
        for path in paths where documents[path: path] == nil {
            for (id, text) in texts where text.followed[path] != nil {
                guard let relative = try? WorkspacePath(FileURI.relative(path, to: text.folder) ?? ""),
                    let disk = diskText(relative, beneath: text.folder)
                else { continue }
                texts[id]?.replace(path, disk)
                affected.insert(path)
            }
        }
        return readers(of: affected)
    }

    /// Nil when there is no such file, or one too large to follow.
    private func diskText(_ path: WorkspacePath, beneath folder: String) -> TextBuffer? {
        let contents = try? environment.files.read(path, beneath: folder, limit: SessionTexts.mostFileBytes)
        return contents.map { TextBuffer($0.bytes) }
    }
}

/// A diagnostic where the user sees it.
struct PlacedDiagnostic {
    var entry: DiagnosticBoard.Entry
    var diagnostic: LSP.Diagnostic
    var state: Placement.State
}
