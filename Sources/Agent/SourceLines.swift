import AgentProtocol
import Git
import Sandbox
import Workspace

/// Lines of the workspace's files as they stand now, for diagnostics.
final class SourceLines {
    private let state: ChangeTracker.State
    private let snapshot: WorkspaceSnapshot
    private var files: [String: [ArraySlice<UInt8>]] = [:]

    /// Beyond this no line is shown.
    private static let maximumBytes = 4 << 20

    /// Files whose changes go with an event, and hunks of one of them.
    private static let mostChangedFiles = 200
    private static let mostHunks = 1000

    init(state: ChangeTracker.State, snapshot: WorkspaceSnapshot) {
        self.state = state
        self.snapshot = snapshot
    }

    /// - Parameter number: from 1.
    func line(_ path: String, _ number: Int) -> String? {
        let lines = files[path] ?? load(path)
        files[path] = lines
        guard number >= 1, number <= lines.count else { return nil }
        return String(decoding: lines[number - 1].prefix(1000), as: UTF8.self)
    }

    /// Files of the workspace with this path, or with a path that ends in it: some tools print only a file's name.
    func filesNamed(_ suffix: String) -> [String] {
        let ending = "/\(suffix)"
        let added = state.changes.lazy.filter { $0.kind == .added }.map(\.path)
        let known = snapshot.entries.keys.lazy.filter { $0 == suffix || $0.hasSuffix(ending) }
        return (known + added.filter { $0 == suffix || $0.hasSuffix(ending) }).sorted()
    }

    /// The diagnostics with the text of their lines, for readers with another copy of the files.
    func quoted(_ diagnostics: some Sequence<Diagnostic>) -> [Diagnostic] {
        diagnostics.map { diagnostic in
            var diagnostic = diagnostic
            guard let range = diagnostic.range, !diagnostic.path.isEmpty else { return diagnostic }
            let lines = files[diagnostic.path] ?? load(diagnostic.path)
            files[diagnostic.path] = lines
            guard lines.indices.contains(range.startLine - 1) else { return diagnostic }
            diagnostic.sourceLine = Diagnostic.sourceLine(of: lines[range.startLine - 1])
            return diagnostic
        }
    }

    /// How the files that diagnostics name differ from the snapshot.
    func changes(for diagnostics: [Diagnostic]) -> [LineChanges]? {
        var named: Set<String> = []
        for diagnostic in diagnostics {
            named.insert(diagnostic.path)
            for place in diagnostic.related ?? [] { named.insert(place.path) }
            for frame in diagnostic.test?.stack ?? [] { named.insert(frame.path) }
            for edit in diagnostic.fixes?.lazy.flatMap(\.edits) ?? [] { named.insert(edit.path) }
        }
        let changes = state.changes.filter { $0.kind != .deleted && named.contains($0.path) }
            .prefix(Self.mostChangedFiles).compactMap(lineChanges)
        return changes.isEmpty ? nil : changes
    }

    private func lineChanges(_ change: ChangeTracker.Change) -> LineChanges? {
        guard let new = try? change.file.contents(maximumBytes: Self.maximumBytes) else { return nil }
        let isInSnapshot = change.old != nil && change.old?.mode != .symbolicLink
        let old = isInSnapshot ? FileBytes.read("\(snapshot.base)/\(change.path)", limit: Self.maximumBytes) : []
        guard let old else { return nil }
        let hunks = (try? LineDifferences.hunks(old: old, new: new, maximumHunks: Self.mostHunks)) ?? nil
        return LineChanges(path: change.path, hunks: hunks.map { $0.map(LineHunk.init) } ?? [Self.everything(old, new)])
    }

    /// Nothing is known to be the same.
    private static func everything(_ old: [UInt8], _ new: [UInt8]) -> LineHunk {
        func count(_ bytes: [UInt8]) -> Int { bytes.count { $0 == UInt8(ascii: "\n") } + 1 }
        return LineHunk(oldStart: 1, oldCount: count(old), newStart: 1, newCount: count(new))
    }

    private func load(_ path: String) -> [ArraySlice<UInt8>] {
        let bytes: [UInt8]?
        if let change = state.changes.first(where: { $0.path == path }) {
            bytes = change.new == nil ? nil : try? change.file.contents(maximumBytes: Self.maximumBytes)
        } else if snapshot.entries[path]?.mode == .symbolicLink || snapshot.entries[path] == nil {
            bytes = nil
        } else {
            bytes = FileBytes.read("\(snapshot.base)/\(path)", limit: Self.maximumBytes)
        }
        return bytes?.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) ?? []
    }
}

extension LineHunk {
    fileprivate init(_ hunk: LineDifferences.Hunk) {
        self.init(
            oldStart: hunk.old.lowerBound + 1, oldCount: hunk.old.count, newStart: hunk.new.lowerBound + 1,
            newCount: hunk.new.count)
    }
}
