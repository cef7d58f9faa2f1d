import AgentProtocol
import Git
import Policy
import Sandbox
import Workspace

/// What of the sandbox's changes belongs to the work, and what is only a build product.
///
/// A product is what git ignores, what a check created, and what a command created that is binary or lies in a folder
/// of build products. A file that the model wrote or edited itself is never one.
actor ChangeTracker {
    /// A changed file that is part of the result.
    struct Change: Sendable {
        var path: String
        var kind: FileChangeKind
        var old: TreeHash.Entry?
        var new: TreeHash.Entry?
        var file: WorkspaceChange
    }

    /// The work at one moment.
    struct State: Sendable {
        var treeHash: String
        var changes: [Change]
        /// Paths that are neither work nor ordinary products (too large, not UTF-8, a device), for the user.
        var leftOut: [String]
    }

    let snapshot: WorkspaceSnapshot
    private let sandbox: any Sandbox
    private let folder: String
    private let maximumFileBytes: Int
    private var touchedByTools: Set<String> = []
    private var products: Set<String> = []
    /// The rules of the user's folder, opened once: the snapshot holds no repository.
    private lazy var ignore = IgnoreRules(folder: folder)

    /// The newest set of changes whose tree was hashed.
    private var hashed: (key: [String: TreeHash.Entry?], hash: String)?

    /// Folders whose contents tools make.
    private static let productFolders: Set<String> = [
        ".build", "build", "target", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache",
        "dist", "CMakeFiles", ".gradle", ".swiftpm",
    ]

    init(snapshot: WorkspaceSnapshot, sandbox: any Sandbox, folder: String, maximumFileBytes: Int) {
        self.snapshot = snapshot
        self.sandbox = sandbox
        self.folder = folder
        self.maximumFileBytes = maximumFileBytes
    }

    /// A tool is about to change this file by the model's own words.
    func touched(_ path: String) {
        touchedByTools.insert(path)
        products.remove(path)
    }

    /// Paths that the sandbox has and the snapshot has not.
    func addedPaths() async throws -> Set<String> {
        Set(try await sandbox.changes().lazy.filter { $0.kind == .added }.map(\.path))
    }

    /// A check has ended: whatever it created is a product.
    func checkEnded(addedBefore: Set<String>) async throws {
        for path in try await addedPaths() where !addedBefore.contains(path) && !touchedByTools.contains(path) {
            products.insert(path)
        }
    }

    /// A command of the model has ended: what it created is a product when it looks like one.
    func commandEnded(addedBefore: Set<String>) async throws {
        for change in try await sandbox.changes() where change.kind == .added {
            let path = change.path
            if addedBefore.contains(path) || touchedByTools.contains(path) { continue }
            let inProductFolder = path.split(separator: "/").dropLast().contains {
                Self.productFolders.contains(String($0))
            }
            if inProductFolder || change.size > maximumFileBytes || isBinary(change) { products.insert(path) }
        }
    }

    private func isBinary(_ change: WorkspaceChange) -> Bool {
        guard change.fileKind == .regular, let bytes = try? change.contents(maximumBytes: maximumFileBytes) else {
            return false
        }
        return UnifiedDiff.isBinary(bytes)
    }

    /// The work as it stands in the sandbox now.
    func state() async throws -> State {
        let changed = try await sandbox.changes()
        var state = State(treeHash: snapshot.treeHash, changes: [], leftOut: [])
        guard !changed.isEmpty else { return state }
        var names: Set<String> = []
        for change in changed {
            let path = change.path
            // A repository that a command made here would be run by the user's own git.
            guard change.isPathValid, !RelativePath.isGitInternal(path),
                change.fileKind == .regular || change.fileKind == .symbolicLink
            else {
                state.leftOut.append(path)
                continue
            }
            // Swift takes two Unicode forms of a name for the same; the file system does not.
            let known = snapshot.entries.index(forKey: path).map { snapshot.entries[$0].key }
            let name = known ?? names.insert(path).memberAfterInsert
            guard name.utf8.elementsEqual(path.utf8) else {
                state.leftOut.append("\(path): has the name of another file in another Unicode form")
                continue
            }
            let old = snapshot.entries[path]
            let isProduct = products.contains(path) || (old == nil && ignore?.ignores(path) == true)
            if isProduct && !touchedByTools.contains(path) { continue }
            guard change.kind != .deleted else {
                guard let old else { continue }
                state.changes.append(Change(path: path, kind: .deleted, old: old, new: nil, file: change))
                continue
            }
            let bytes: [UInt8]
            do { bytes = try change.contents(maximumBytes: maximumFileBytes) } catch {
                state.leftOut.append("\(path): \(error)")
                continue
            }
            let mode: FileMode =
                change.fileKind == .symbolicLink ? .symbolicLink : change.mode & 0o100 != 0 ? .executable : .regular
            let new = TreeHash.Entry(mode: mode, blob: try ObjectID.blob(bytes))
            if new == old { continue }
            let kind: FileChangeKind = old == nil ? .added : .modified
            state.changes.append(Change(path: path, kind: kind, old: old, new: new, file: change))
        }
        state.treeHash = try treeHash(state.changes)
        return state
    }

    /// Hashing all names of a large tree takes a while: it is done once for each set of changes.
    private func treeHash(_ changes: [Change]) throws -> String {
        if changes.isEmpty { return snapshot.treeHash }
        let key = Dictionary(changes.map { ($0.path, $0.new) }) { $1 }
        if let hashed, hashed.key == key { return hashed.hash }
        var entries = snapshot.entries
        for change in changes { entries[change.path] = change.new }
        let hash = try TreeHash.compute(entries).description
        hashed = (key, hash)
        return hash
    }
}
