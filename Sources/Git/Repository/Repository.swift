import Clibgit2

/// A git repository: objects, references, packs. Nothing of its hooks or filters is ever run.
///
/// Not Sendable: open it where it is used; that takes a fraction of a millisecond. All calls block on the disk.
public final class Repository {
    let handle: OpaquePointer
    let database: OpaquePointer
    /// What was written through this value, for ``flush()``; those that were there already, too.
    public private(set) var written: [ObjectID] = []

    init(_ handle: OpaquePointer) throws(GitError) {
        var database: OpaquePointer?
        let code = git_repository_odb(&database, handle)
        guard code == 0, let database else {
            let error = GitError.last("open objects", code)
            git_repository_free(handle)
            throw error
        }
        self.handle = handle
        self.database = database
    }

    deinit {
        git_odb_free(database)
        git_repository_free(handle)
    }

    /// Opens the repository at `path` (its working tree, a `.git` file of a worktree, or a bare one); parents are not
    /// searched.
    public static func open(_ path: String) throws(GitError) -> Repository {
        try open(path, flags: GIT_REPOSITORY_OPEN_NO_SEARCH)
    }

    /// Opens the repository that holds a folder.
    /// - Returns: nil when it lies in none.
    public static func containing(_ folder: String) throws(GitError) -> Repository? {
        do {
            return try open(folder, flags: GIT_REPOSITORY_OPEN_CROSS_FS)
        } catch  where error.code == GIT_ENOTFOUND.rawValue {
            return nil
        }
    }

    private static func open(_ path: String, flags: git_repository_open_flag_t) throws(GitError) -> Repository {
        try GitLibrary.require()
        var handle: OpaquePointer?
        try check("open \(path)", git_repository_open_ext(&handle, path, flags.rawValue, nil))
        guard let handle else { throw GitError(operation: "open \(path)", code: -1, message: "no repository") }
        return try Repository(handle)
    }

    /// Makes a bare repository, or opens the one that is there. No template, and with it no hook, is copied.
    /// - Parameter path: missing folders are made.
    public static func create(bare path: String) throws(GitError) -> Repository {
        try GitLibrary.require()
        var options = git_repository_init_options()
        try check("init", git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION)))
        options.flags = GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue
        options.mode = 0o700
        var handle: OpaquePointer?
        try check("init \(path)", git_repository_init_ext(&handle, path, &options))
        guard let handle else { throw GitError(operation: "init \(path)", code: -1, message: "no repository") }
        return try Repository(handle)
    }

    /// Absolute, with a trailing slash: where objects and references are. A worktree shares it with its main repository.
    public var commonDirectory: String { String(cString: git_repository_commondir(handle)) }

    /// Absolute, with a trailing slash; nil when it is bare.
    public var workingTree: String? { git_repository_workdir(handle).map { String(cString: $0) } }

    // MARK: Objects

    /// Whether the object is there. Packs that came since the repository was opened are seen after ``refresh()``.
    public func contains(_ id: ObjectID) -> Bool {
        var oid = id.oid
        return git_odb_exists_ext(database, &oid, GIT_ODB_LOOKUP_NO_REFRESH.rawValue) == 1
    }

    /// Looks for packs that other processes have added.
    public func refresh() throws(GitError) { try check("refresh", git_odb_refresh(database)) }

    /// What an object is and how many bytes it has, without reading all of it.
    /// - Throws: `GitError` with the code of `GIT_ENOTFOUND` (-3) when it is not there.
    public func header(_ id: ObjectID) throws(GitError) -> (kind: GitObject.Kind, bytes: Int) {
        var oid = id.oid
        var size = 0
        var type = GIT_OBJECT_INVALID
        try check("read \(id)", git_odb_read_header(&size, &type, database, &oid))
        guard let kind = GitObject.Kind(type) else { throw Self.unknownKind(id) }
        return (kind, size)
    }

    /// - Parameter limit: bytes; a larger object is an error.
    /// - Throws: `GitError`, with the code -3 when it is not there; an object whose bytes do not have its name is an error.
    public func read(_ id: ObjectID, limit: Int = .max) throws(GitError) -> GitObject {
        if limit < .max, try header(id).bytes > limit {
            throw GitError(operation: "read \(id)", code: -1, message: "it is larger than \(limit) bytes")
        }
        return try withObject(id) { kind, bytes in GitObject(kind: kind, bytes: Array(bytes)) }
    }

    /// Hands out an object without a copy of it; the bytes are there for the call alone.
    /// - Throws: as ``read(_:limit:)`` does.
    public func withObject<Value>(
        _ id: ObjectID, _ body: (GitObject.Kind, UnsafeRawBufferPointer) -> Value
    ) throws(GitError) -> Value {
        var oid = id.oid
        var object: OpaquePointer?
        try check("read \(id)", git_odb_read(&object, database, &oid))
        defer { git_odb_object_free(object) }
        guard let object, let kind = GitObject.Kind(git_odb_object_type(object)) else { throw Self.unknownKind(id) }
        let bytes = UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object))
        return body(kind, bytes)
    }

    /// Writes an object; one that is there is left alone.
    @discardableResult
    public func write(_ kind: GitObject.Kind, _ bytes: [UInt8]) throws(GitError) -> ObjectID {
        var oid = git_oid()
        let code = bytes.withUnsafeBytes {
            git_odb_write(&oid, database, $0.baseAddress ?? UnsafeRawPointer(bitPattern: 1), $0.count, kind.type)
        }
        try check("write", code)
        let id = ObjectID(oid)
        written.append(id)
        return id
    }

    /// - Throws: `GitError` when it is no tree, or one that ``TreeObject/init(parsing:)`` refuses.
    public func tree(_ id: ObjectID) throws(GitError) -> TreeObject {
        let object = try read(id, limit: Self.maximumTreeBytes)
        guard object.kind == .tree, let tree = TreeObject(parsing: object.bytes) else {
            throw GitError(operation: "read \(id)", code: -1, message: "it is no tree, or has names that are refused")
        }
        return tree
    }

    public func write(_ tree: TreeObject) throws(GitError) -> ObjectID { try write(.tree, tree.serialized) }

    public func commit(_ id: ObjectID) throws(GitError) -> CommitObject {
        let object = try read(id, limit: Self.maximumCommitBytes)
        guard object.kind == .commit, let commit = CommitObject(parsing: object.bytes) else {
            throw GitError(operation: "read \(id)", code: -1, message: "it is no commit")
        }
        return commit
    }

    public func write(_ commit: CommitObject) throws(GitError) -> ObjectID { try write(.commit, commit.serialized) }

    /// A folder with more than a million names.
    private static let maximumTreeBytes = 256 << 20
    private static let maximumCommitBytes = 16 << 20

    private static func unknownKind(_ id: ObjectID) -> GitError {
        GitError(operation: "read \(id)", code: -1, message: "an object of an unknown kind")
    }
}
