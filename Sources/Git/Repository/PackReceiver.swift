import Clibgit2

/// Takes a pack in pieces, as it comes over a network, into a repository's objects. Bases of a thin pack are added from the
/// repository.
///
/// Nothing of the pack is there before ``finish()``; what is not finished is removed.
public final class PackReceiver {
    /// What a sender may make the receiver do.
    public struct Limits: Sendable {
        public var objects = 5_000_000
        /// Bytes of the pack as it travels.
        public var bytes = 8 << 30

        public init() {}
    }

    /// What has come.
    public struct Progress: Sendable, Equatable {
        public var objects: Int
        public var totalObjects: Int
        public var bytes: Int
    }

    private let repository: Repository
    private let limits: Limits
    private var indexer: OpaquePointer?
    private var statistics = git_indexer_progress()
    private var received = 0

    /// - Parameter isComplete: objects that the pack's objects name must be in it or in the repository.
    public init(_ repository: Repository, isComplete: Bool = false, limits: Limits = Limits()) throws(GitError) {
        self.repository = repository
        self.limits = limits
        var options = git_indexer_options()
        try check("receive", git_indexer_options_init(&options, UInt32(GIT_INDEXER_OPTIONS_VERSION)))
        options.verify = isComplete ? 1 : 0
        let folder = repository.commonDirectory + "objects/pack"
        try check("receive", git_indexer_new(&indexer, folder, 0o400, repository.database, &options))
    }

    deinit { git_indexer_free(indexer) }

    /// How the pack's file is called once it is finished: `pack-<name>.pack`.
    var name: String { git_indexer_name(indexer).map { String(cString: $0) } ?? "" }

    public var progress: Progress {
        Progress(
            objects: Int(statistics.indexed_objects), totalObjects: Int(statistics.total_objects), bytes: received)
    }

    /// - Throws: `GitError` when the bytes are no pack's, or it is larger than the limits.
    public func append(_ bytes: [UInt8]) throws(GitError) {
        received += bytes.count
        guard received <= limits.bytes else {
            throw GitError(operation: "receive", code: -1, message: "the pack has more than \(limits.bytes) bytes")
        }
        try check(
            "receive", bytes.withUnsafeBytes { git_indexer_append(indexer, $0.baseAddress, $0.count, &statistics) })
        guard Int(statistics.total_objects) <= limits.objects else {
            throw GitError(operation: "receive", code: -1, message: "the pack has more than \(limits.objects) objects")
        }
    }

    /// Checks every object and puts the pack into its place.
    /// - Throws: `GitError` when it is cut short, damaged, or names objects that are nowhere.
    public func finish() throws(GitError) {
        try check("receive", git_indexer_commit(indexer, &statistics))
        try repository.refresh()
    }
}
