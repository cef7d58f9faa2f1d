import Clibgit2

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a repository's index says of a path (gitformat-index(5)).
public struct IndexEntry: Sendable {
    /// A file's state when git looked at it last; what git compares before it reads a file.
    public struct State: Sendable, Equatable {
        public var modifiedSeconds: Int32
        public var modifiedNanoseconds: UInt32
        public var changedSeconds: Int32
        public var changedNanoseconds: UInt32
        /// The lower 32 bits.
        public var inode: UInt32
        /// The lower 32 bits.
        public var size: UInt32

        public init(
            modifiedSeconds: Int32, modifiedNanoseconds: UInt32, changedSeconds: Int32, changedNanoseconds: UInt32,
            inode: UInt32, size: UInt32
        ) {
            self.modifiedSeconds = modifiedSeconds
            self.modifiedNanoseconds = modifiedNanoseconds
            self.changedSeconds = changedSeconds
            self.changedNanoseconds = changedNanoseconds
            self.inode = inode
            self.size = size
        }
    }

    /// Relative to the root of the working tree; not always UTF-8.
    public var path: [UInt8]
    public var mode: TreeObject.Mode
    public var id: ObjectID
    /// 0; 1 to 3 for the sides of a conflict.
    public var stage: Int
    /// Left out of the working tree by a sparse checkout.
    public var isSkipped: Bool
    /// `git add -N`: nothing of it is recorded yet.
    public var isIntended: Bool
    public var state: State
}

extension Repository {
    /// All entries of the index, in git's order. It is only read.
    /// - Throws: `GitError` when it cannot be read, such as a sparse index, which libgit2 does not know.
    public func indexEntries() throws(GitError) -> [IndexEntry] {
        var index: OpaquePointer?
        try check("read the index", git_repository_index(&index, handle))
        defer { git_index_free(index) }
        let count = git_index_entrycount(index)
        var entries: [IndexEntry] = []
        entries.reserveCapacity(count)
        for position in 0..<count {
            guard let entry = git_index_get_byindex(index, position)?.pointee, let name = entry.path,
                let mode = TreeObject.Mode(octal: String(entry.mode, radix: 8).utf8)
            else { continue }
            let flags = Int32(entry.flags_extended)
            entries.append(
                IndexEntry(
                    path: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))), mode: mode,
                    id: ObjectID(entry.id), stage: Int(git_index_entry_stage(git_index_get_byindex(index, position))),
                    isSkipped: flags & Int32(GIT_INDEX_ENTRY_SKIP_WORKTREE.rawValue) != 0,
                    isIntended: flags & Int32(GIT_INDEX_ENTRY_INTENT_TO_ADD.rawValue) != 0,
                    state: IndexEntry.State(
                        modifiedSeconds: entry.mtime.seconds, modifiedNanoseconds: entry.mtime.nanoseconds,
                        changedSeconds: entry.ctime.seconds, changedNanoseconds: entry.ctime.nanoseconds,
                        inode: entry.ino, size: entry.file_size)))
        }
        return entries
    }

    /// The index's file; it need not be there.
    public var indexPath: String { privateDirectory + "index" }

    /// Absolute, with a trailing slash: what belongs to this working tree alone (HEAD, index).
    public var privateDirectory: String { String(cString: git_repository_path(handle)) }

    /// Whether a path is ignored by the repository's rules, whatever the index has.
    /// - Parameter path: bytes, relative to the root of the working tree; a folder's ends with `/`.
    public func ignores(_ path: [UInt8]) -> Bool {
        var ignored: Int32 = 0
        let code = (path + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                git_ignore_path_is_ignored(&ignored, handle, $0.baseAddress)
            }
        }
        return code == 0 && ignored != 0
    }
}
