import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads where a folder's files come from. The repository is only read; no hook, filter or other program of it is run.
public struct OriginReader {
    /// What is read of.
    public struct Subject {
        /// The user's folder: absolute, links resolved.
        public var folder: String
        /// What a snapshot took of it.
        public var entries: [String: TreeHash.Entry]
        public var nested: [String]
        /// Where the files' bytes are: the snapshot, or the folder itself.
        public var contents: String
        /// Unsaved buffers that stand in for files, by path.
        public var edited: [String: [UInt8]]

        public init(
            folder: String, entries: [String: TreeHash.Entry], nested: [String], contents: String,
            edited: [String: [UInt8]] = [:]
        ) {
            self.folder = folder
            self.entries = entries
            self.nested = nested
            self.contents = contents
            self.edited = edited
        }
    }

    let subject: Subject
    let repository: Repository
    let settings: UserGitSettings
    /// Takes objects that git's tree needs and that are nowhere yet: nil where nothing may be written.
    let sink: ((GitObject.Kind, [UInt8]) throws(GitError) -> ObjectID)?
    var origin = WorkspaceOrigin()
    var adjustments = TreeAdjustments()
    var headTree: ObjectID?

    /// - Parameters:
    ///   - sink: writes an object to where git's tree is to be made.
    ///   - undecodable: names that are not UTF-8, with the folders that hold them.
    /// - Returns: an origin without a head for a folder that is in no repository.
    /// - Throws: `WorkspaceError.git` when the repository cannot be read.
    public static func read(
        _ subject: Subject, settings: UserGitSettings = .init(),
        undecodable: [(folder: String, name: [UInt8])] = [],
        sink: ((GitObject.Kind, [UInt8]) throws(GitError) -> ObjectID)? = nil
    ) throws(WorkspaceError) -> WorkspaceOrigin {
        do {
            guard let repository = try Repository.containing(subject.folder), let tree = repository.workingTree,
                "\(subject.folder)/".utf8.starts(with: tree.utf8)
            else { return WorkspaceOrigin(author: settings.author) }
            let prefix = Array("\(subject.folder)/".utf8.dropFirst(tree.utf8.count))
            let index = try repository.indexEntries()
            // As for ignore rules: an ignored folder stands for itself.
            if !prefix.isEmpty, repository.ignores(prefix), !index.contains(where: { $0.path.starts(with: prefix) }) {
                return WorkspaceOrigin(author: settings.author)
            }
            var reader = OriginReader(
                subject: subject, repository: repository, settings: settings, sink: sink)
            reader.adjustments.prefix = BytePath(prefix)
            return try reader.run(index, undecodable)
        } catch let error as WorkspaceError {
            throw error
        } catch {
            throw .git("\(error)")
        }
    }

    private init(
        subject: Subject, repository: Repository, settings: UserGitSettings,
        sink: ((GitObject.Kind, [UInt8]) throws(GitError) -> ObjectID)?
    ) {
        self.subject = subject
        self.repository = repository
        self.settings = settings
        self.sink = sink
    }

    private mutating func run(
        _ index: [IndexEntry], _ undecodable: [(folder: String, name: [UInt8])]
    ) throws -> WorkspaceOrigin {
        origin.head = try repository.reference("HEAD")
        origin.branch = try repository.headBranch()
        origin.repository = repository.commonDirectory
        origin.remotes = RepositoryRemotes.addresses(folder: subject.folder)
        if let name = repository.configured("user.name"), let email = repository.configured("user.email") {
            origin.author = WorkspaceOrigin.Author(name: name, email: email)
        } else {
            origin.author = settings.author
        }
        origin.excludes = text(repository.commonDirectory + "info/exclude")
        headTree = try origin.head.map { try repository.commit($0).tree }
        adjustments.nested = subject.nested
        let prefix = adjustments.prefix.bytes
        var own: [String: IndexEntry] = [:]
        for entry in index where entry.stage == 0 && entry.path.starts(with: prefix) {
            let path = Array(entry.path.dropFirst(prefix.count))
            if let name = String(validating: path, as: UTF8.self), subject.entries[name] != nil {
                own[name] = entry
            } else {
                try keep(entry, path)
            }
        }
        try convert(own)
        for (folder, name) in undecodable where adjustments.isRecorded(folder) || folder.isEmpty {
            try add(Array((folder.isEmpty ? "" : "\(folder)/").utf8) + name, depth: 0)
        }
        if !subject.nested.isEmpty {
            origin.notes.append(
                "changes in repositories within the folder are not committed: "
                    + subject.nested.prefix(5).joined(separator: ", ") + (subject.nested.count > 5 ? ", …" : ""))
        }
        origin.adjustments = adjustments
        return origin
    }

    // MARK: Entries without a file in the sandbox

    /// What becomes of an entry of the index whose file was not taken.
    private mutating func keep(_ entry: IndexEntry, _ path: [UInt8]) throws {
        func stays(_ id: ObjectID) {
            adjustments.kept.append(.init(path: BytePath(path), mode: entry.mode, id: id))
        }
        if entry.isSkipped { return stays(entry.id) }
        guard !entry.isIntended, !standsBehindFile(path), exists(path) else { return }
        if entry.mode == .submodule {
            let name = String(decoding: path, as: UTF8.self)
            guard subject.nested.contains(name) else { return stays(entry.id) }
            // As `git add` records it: what is checked out there now.
            let inner = try? Repository.open("\(subject.folder)/\(name)").reference("HEAD")
            return stays(inner.flatMap { $0 } ?? entry.id)
        }
        if isNested(path) { return }
        if String(validating: path, as: UTF8.self) == nil { return }  // found as an undecodable name
        // Left out on purpose: its newest contents go nowhere.
        guard let headTree, let leaf = try TreeEditor(repository).leaf(at: entry.path, in: headTree) else { return }
        adjustments.kept.append(.init(path: BytePath(path), mode: leaf.mode, id: leaf.id))
    }

    private func isNested(_ path: [UInt8]) -> Bool {
        subject.nested.contains { path.starts(with: Array("\($0)/".utf8)) }
    }

    /// Whether a part of the path above its name is a file or a link now.
    private func standsBehindFile(_ path: [UInt8]) -> Bool {
        for (index, byte) in path.enumerated() where byte == UInt8(ascii: "/") {
            if let part = String(validating: path[..<index], as: UTF8.self), subject.entries[part] != nil {
                return true
            }
        }
        return false
    }

    private func exists(_ path: [UInt8]) -> Bool {
        var status = stat()
        let full = Array("\(subject.folder)/".utf8) + path + [0]
        let code = full.withUnsafeBufferPointer {
            $0.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { lstat($0, &status) } ?? -1 }
        }
        return code == 0 || (errno != ENOENT && errno != ENOTDIR)
    }

    private func text(_ path: String) -> String? {
        FileBytes.read(path, limit: Self.maximumRuleBytes).flatMap { String(validating: $0, as: UTF8.self) }
            .flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Rule files are written by hand.
    static let maximumRuleBytes = 1 << 20
    /// As deep as changes in a sandbox are followed.
    static let maximumDepth = 256
}
