import AgentProtocol

/// All diagnostics of all sessions and checks, merged by file.
struct DiagnosticBoard: Sendable {
    struct Entry: Sendable, Hashable {
        var session: String
        var check: String
        /// The session's workspace folder: paths in the diagnostic are relative to it.
        var folder: String
        var diagnostic: AgentProtocol.Diagnostic
    }

    private struct Source: Sendable, Hashable {
        var session: String
        var check: String
    }

    /// By absolute path.
    private var files: [Source: [String: [Entry]]] = [:]
    /// Sources in the order of their first report, so that merging is stable.
    private var order: [Source] = []

    /// Puts a check's diagnostics in place of its former ones. Returns the absolute paths that may look different now.
    mutating func update(
        session: String, check: String, folder: String, diagnostics: [AgentProtocol.Diagnostic]
    ) -> Set<String> {
        let source = Source(session: session, check: check)
        var grouped: [String: [Entry]] = [:]
        for diagnostic in diagnostics {
            // No file (a linker error), or none that belongs to the workspace: only the transcript has it.
            guard let path = try? WorkspacePath(diagnostic.path) else { continue }
            let absolute = FileURI.normalized("\(folder)/\(path.text)")
            let entry = Entry(session: session, check: check, folder: folder, diagnostic: diagnostic)
            grouped[absolute, default: []].append(entry)
        }
        let affected = Set(grouped.keys).union(files[source].map { Set($0.keys) } ?? [])
        if files[source] == nil { order.append(source) }
        files[source] = grouped
        return affected
    }

    /// Takes a session's diagnostics away, all or those of some files. Returns the absolute paths affected.
    mutating func clear(session: String, paths: Set<String>? = nil) -> Set<String> {
        var affected: Set<String> = []
        for source in order where source.session == session {
            guard var entries = files[source] else { continue }
            let gone = paths.map { Set(entries.keys).intersection($0) } ?? Set(entries.keys)
            affected.formUnion(gone)
            for path in gone { entries[path] = nil }
            files[source] = entries
        }
        if paths == nil {
            for source in order where source.session == session { files[source] = nil }
            order.removeAll { $0.session == session }
        }
        return affected
    }

    /// What all sessions and checks say about a file, equal findings once.
    func entries(for path: String) -> [Entry] {
        var seen: Set<AgentProtocol.Diagnostic> = []
        return order.flatMap { files[$0]?[path] ?? [] }.filter { seen.insert($0.diagnostic).inserted }
    }

    /// Every file with a diagnostic of a session.
    func paths(of session: String) -> Set<String> {
        Set(order.filter { $0.session == session }.flatMap { files[$0].map { Array($0.keys) } ?? [] })
    }
}
