import AgentProtocol
import Git
import Policy
import Sandbox
import Store
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

    /// Whose ignore rules hold.
    enum Rules: Sendable {
        /// Those of the repository that holds the user's folder: the snapshot holds none.
        case folder(String)
        /// The user's folder is not on this machine.
        case snapshot
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
    private let rules: Rules
    private let maximumFileBytes: Int
    private let log: EventLog
    private var touchedByTools: Set<String> = []
    private var products: Set<String> = []
    private var batches = 0
    /// Opened once.
    private lazy var ignore: IgnoreRules? =
        switch rules {
        case .folder(let path): IgnoreRules(folder: path)
        case .snapshot: IgnoreRules(checkout: snapshot.base)
        }

    /// The newest set of changes whose tree was hashed.
    private var hashed: (key: [String: TreeHash.Entry?], hash: String)?

    /// Folders whose contents tools make.
    private static let productFolders: Set<String> = [
        ".build", "build", "target", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache",
        "dist", "CMakeFiles", ".gradle", ".swiftpm",
    ]

    init(
        snapshot: WorkspaceSnapshot, sandbox: any Sandbox, rules: Rules, maximumFileBytes: Int, log: EventLog,
        resumption: Resumption = Resumption()
    ) {
        self.log = log
        touchedByTools = Set(resumption.names(KeptKey.touched("")))
        for batch in resumption.numbers("products/") {
            products.formUnion(resumption.take(KeptKey.products(batch), as: [String].self) ?? [])
            batches = batch + 1
        }
        products.subtract(touchedByTools)
        self.snapshot = snapshot
        self.sandbox = sandbox
        self.rules = rules
        self.maximumFileBytes = maximumFileBytes
    }

    /// A tool is about to change this file by the model's own words.
    /// - Parameter changes: what else is to be kept before it does.
    func touched(_ path: String, keeping changes: [KeptChange] = []) async throws {
        touchedByTools.insert(path)
        products.remove(path)
        try await log.keep(changes + [KeptChange(KeptKey.touched(path), Array("true".utf8))])
    }

    /// Paths that the sandbox has and the snapshot has not, but for known products: they stay products.
    func addedPaths() async throws -> Set<String> {
        Set(try await sandbox.changes().lazy.filter { $0.kind == .added }.map(\.path)).subtracting(products)
    }

    /// What is known of files beyond the files themselves.
    var marks: (products: Set<String>, touched: Set<String>) { (products, touchedByTools) }

    /// Puts in place what was known at another time.
    /// - Returns: what is to be kept of that.
    func takeOver(products: Set<String>, touched: Set<String>) -> [KeptChange] {
        var changes = (0..<batches).map { KeptChange.gone(KeptKey.products($0)) }
        changes += touchedByTools.subtracting(touched).map { .gone(KeptKey.touched($0)) }
        changes += touched.subtracting(touchedByTools).map { KeptChange(KeptKey.touched($0), Array("true".utf8)) }
        self.products = products
        touchedByTools = touched
        batches = 1
        if let all = try? KeptChange.value(KeptKey.products(0), products.sorted()) { changes.append(all) }
        return changes
    }

    private func addProducts(_ new: [String]) async throws {
        guard !new.isEmpty else { return }
        products.formUnion(new)
        let batch = batches
        batches += 1
        try await log.keep([.value(KeptKey.products(batch), new)])
    }

    /// A check has ended: whatever it created is a product.
    func checkEnded(addedBefore: Set<String>) async throws {
        let added = try await addedPaths()
        try await addProducts(added.filter { !addedBefore.contains($0) && !touchedByTools.contains($0) }.sorted())
    }

    /// A command of the model has ended: what it created is a product when it looks like one.
    func commandEnded(addedBefore: Set<String>) async throws {
        var new: [String] = []
        for change in try await sandbox.changes() where change.kind == .added {
            let path = change.path
            if addedBefore.contains(path) || touchedByTools.contains(path) || products.contains(path) { continue }
            let inProductFolder = path.split(separator: "/").dropLast().contains {
                Self.productFolders.contains(String($0))
            }
            if inProductFolder || change.size > maximumFileBytes || isBinary(change) { new.append(path) }
        }
        try await addProducts(new)
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
