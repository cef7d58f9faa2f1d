import Sandbox
import Workspace

/// Lines of the workspace's files as they stand now, for diagnostics.
final class SourceLines {
    private let state: ChangeTracker.State
    private let snapshot: WorkspaceSnapshot
    private var files: [String: [ArraySlice<UInt8>]] = [:]

    /// Beyond this no line is shown.
    private static let maximumBytes = 4 << 20

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
