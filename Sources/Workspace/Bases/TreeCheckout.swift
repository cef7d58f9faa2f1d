import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes a tree of a repository to a folder: bytes as they are, no filter, nothing outside of the folder.
///
/// Whoever made the tree is not trusted. ``TreeObject`` refuses names that lead elsewhere and names that stand twice in one
/// folder, so that no path goes through a link; what the whole takes is bounded before anything is written.
struct TreeCheckout {
    private let repository: Repository
    private let base: String
    private let limits: WorkspaceSnapshot.Limits
    private let previous: (index: BaseIndex, tree: String)?
    private var index: BaseIndex
    private var leftOut = LeftOut()
    private var bytes = 0
    /// By bytes: the file system tells names apart that Swift does not.
    private var made: Set<[UInt8]> = []

    /// - Parameter previous: an earlier copy of something like it. Equal files are shared with it.
    static func take(
        _ tree: ObjectID, in path: String, into base: String, key: String, limits: WorkspaceSnapshot.Limits,
        previous: (index: BaseIndex, tree: String)?
    ) throws(WorkspaceError) -> BaseIndex {
        do {
            var checkout = TreeCheckout(
                repository: try Repository.open(path), base: base, limits: limits, previous: previous,
                index: BaseIndex(
                    folder: key, treeHash: "", readAt: FileStamp.now(), bytes: 0, leftOut: [], hasOverlays: false))
            return try checkout.run(tree)
        } catch let error as WorkspaceError {
            throw error
        } catch {
            throw .git("\(error)")
        }
    }

    private init(
        repository: Repository, base: String, limits: WorkspaceSnapshot.Limits,
        previous: (index: BaseIndex, tree: String)?, index: BaseIndex
    ) {
        self.repository = repository
        self.base = base
        self.limits = limits
        self.previous = previous
        self.index = index
    }

    private mutating func run(_ tree: ObjectID) throws -> BaseIndex {
        var leaves: [(path: [UInt8], leaf: TreeEditor.Leaf)] = []
        try TreeEditor(repository).walk(tree) { path, leaf in
            guard leaves.count < limits.files else { throw WorkspaceError.tooManyFiles(limit: limits.files) }
            leaves.append((path, leaf))
        }
        for (path, leaf) in leaves where leaf.mode.file != nil {
            let header = try repository.header(leaf.id)
            guard header.kind == .blob else {
                throw WorkspaceError.git("\(String(decoding: path, as: UTF8.self)) is no file in the tree")
            }
            bytes += header.bytes
            guard bytes <= limits.bytes else { throw WorkspaceError.tooLarge(limit: limits.bytes) }
        }
        for (path, leaf) in leaves { try write(path, leaf) }
        index.leftOut = leftOut.texts
        index.treeHash = try TreeHash.compute(index.files.mapValues(\.entry)).description
        return index
    }

    private mutating func write(_ name: [UInt8], _ leaf: TreeEditor.Leaf) throws {
        guard let path = String(validating: name, as: UTF8.self) else {
            return leftOut.note(String(decoding: name, as: UTF8.self), "is a name that is not UTF-8")
        }
        // What a user's git could take for its own has no place in a sandbox's results either.
        guard !RelativePath.isGitInternal(path) else { throw WorkspaceError.badPath(path) }
        // Swift takes two Unicode forms of a name for the same; the file system does not.
        guard index.files[path] == nil else {
            return leftOut.note(path, "has the name of another file in another Unicode form")
        }
        try makeFolders(path)
        guard let mode = leaf.mode.file else {
            leftOut.note(path, "is a submodule, whose files are not in the repository")
            index.nested.append(path)
            return try makeFolder(path)
        }
        let entry = TreeHash.Entry(mode: mode, blob: leaf.id)
        let target = "\(base)/\(path)"
        let stamp = FileStamp(device: 0, inode: 0, mode: 0, size: 0, modified: 0, changed: 0)
        if let previous, previous.index.files[path]?.entry == entry,
            link("\(previous.tree)/\(path)", target) == 0
        {
            index.files[path] = BaseIndex.Record(stamp: stamp, entry: entry)
            return
        }
        if mode == .symbolicLink {
            let contents = try repository.read(leaf.id, limit: limits.bytes).bytes
            guard let link = String(validating: contents, as: UTF8.self), !contents.contains(0), !contents.isEmpty
            else {
                return leftOut.note(path, "links to a name that is not UTF-8")
            }
            guard symlink(link, target) == 0 else { throw failure(path) }
        } else {
            try writeFile(leaf.id, target, path, mode: mode == .executable ? 0o755 : 0o644)
        }
        index.files[path] = BaseIndex.Record(stamp: stamp, entry: entry)
    }

    private mutating func writeFile(
        _ blob: ObjectID, _ target: String, _ path: String, mode: mode_t
    ) throws {
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard output >= 0 else { throw failure(path) }
        defer { close(output) }
        // A large file stands in memory once, not twice.
        let isWritten = try repository.withObject(blob) { _, bytes in FileBytes.write(bytes[...], to: output) }
        guard isWritten, fchmod(output, mode) == 0 else { throw failure(path) }
        var status = stat()
        if fstat(output, &status) == 0 { index.bytes += Int(status.st_blocks) * 512 }
    }

    private mutating func makeFolders(_ path: String) throws(WorkspaceError) {
        var folder = ""
        for part in RelativePath.parts(path).dropLast() {
            folder += folder.isEmpty ? String(part) : "/\(part)"
            if !made.contains(Array(folder.utf8)) { try makeFolder(folder) }
        }
    }

    private mutating func makeFolder(_ path: String) throws(WorkspaceError) {
        guard mkdir("\(base)/\(path)", 0o755) == 0 else { throw failure(path) }
        made.insert(Array(path.utf8))
        index.folders.insert(path)
    }

    private func failure(_ path: String) -> WorkspaceError {
        .fileFailed(path: path, reason: String(cString: strerror(errno)))
    }
}
