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

    private struct Report: Sendable {
        /// By absolute path.
        var files: [String: [Entry]] = [:]
        /// By path in the workspace: from the session's start to the tree that was checked.
        var changes: [String: LineMap] = [:]
    }

    private var reports: [Source: Report] = [:]
    /// Sources in the order of their first report, so that merging is stable.
    private var order: [Source] = []

    /// Puts a check's diagnostics in place of its former ones. Returns the absolute paths of files that had some or have
    /// some now.
    mutating func update(session: String, folder: String, _ event: DiagnosticsUpdated) -> Set<String> {
        let source = Source(session: session, check: event.check)
        var report = Report()
        for diagnostic in event.diagnostics {
            // No file (a linker error), or none that belongs to the workspace: only the transcript has it.
            guard let path = try? WorkspacePath(diagnostic.path) else { continue }
            let absolute = FileURI.normalized("\(folder)/\(path.text)")
            let entry = Entry(session: session, check: event.check, folder: folder, diagnostic: diagnostic)
            report.files[absolute, default: []].append(entry)
        }
        for changes in event.changes ?? [] { report.changes[changes.path] = LineMap(changes) }
        let affected = Set(report.files.keys).union(reports[source].map { Set($0.files.keys) } ?? [])
        if reports[source] == nil { order.append(source) }
        reports[source] = report
        return affected
    }

    /// Takes a session's diagnostics away, all or those of some files. Returns the absolute paths affected.
    mutating func clear(session: String, paths: Set<String>? = nil) -> Set<String> {
        var affected: Set<String> = []
        for source in order where source.session == session {
            let known = Set(reports[source]?.files.keys.map { $0 } ?? [])
            let gone = paths.map { known.intersection($0) } ?? known
            affected.formUnion(gone)
            for path in gone { reports[source]?.files[path] = nil }
        }
        if paths == nil {
            for source in order where source.session == session { reports[source] = nil }
            order.removeAll { $0.session == session }
        }
        return affected
    }

    /// What all sessions and checks say about a file, equal findings once.
    func entries(for path: String) -> [Entry] {
        var seen: Set<AgentProtocol.Diagnostic> = []
        return order.flatMap { reports[$0]?.files[path] ?? [] }.filter { seen.insert($0.diagnostic).inserted }
    }

    /// How a file of the tree that an entry speaks of differs from the one that its session started from.
    func changes(for entry: Entry, in path: WorkspacePath) -> LineMap {
        reports[Source(session: entry.session, check: entry.check)]?.changes[path.text] ?? LineMap()
    }

    /// Every file with a diagnostic of a session.
    func paths(of session: String) -> Set<String> {
        Set(order.filter { $0.session == session }.flatMap { reports[$0].map { Array($0.files.keys) } ?? [] })
    }
}

extension LineMap {
    /// What the service says; where that makes no sense, nothing is known to be the same.
    init(_ changes: LineChanges) {
        // Numbers above this are no line numbers.
        let limit = Int(Int32.max)
        var hunks: [Hunk] = []
        for hunk in changes.hunks {
            guard hunk.isSane(limit: limit) else { break }
            let (old, new) = (hunk.oldStart - 1, hunk.newStart - 1)
            hunks.append(Hunk(old: old..<(old + hunk.oldCount), new: new..<(new + hunk.newCount)))
        }
        let checked = hunks.count == changes.hunks.count ? LineMap(checking: hunks) : nil
        self = checked ?? LineMap([Hunk(old: 0..<limit, new: 0..<limit)])
    }
}

extension LineHunk {
    fileprivate func isSane(limit: Int) -> Bool {
        (1...limit).contains(oldStart) && (0...limit).contains(oldCount) && (1...limit).contains(newStart)
            && (0...limit).contains(newCount)
    }
}
