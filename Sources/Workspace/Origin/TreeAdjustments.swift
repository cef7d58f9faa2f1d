import Git

/// How the tree that git records differs from the files that a sandbox sees. In most repositories it does not.
///
/// The sandbox has raw bytes; git may store others (line ends, LFS pointers), and has entries that no sandbox follows
/// (submodules, files that a sparse checkout leaves out, names that are not UTF-8, files that were left out on purpose).
public struct TreeAdjustments: Sendable, Codable, Equatable {
    /// An entry that stays in git's tree although the sandbox has no such file, or another.
    public struct Kept: Sendable, Codable, Equatable {
        /// Relative to the workspace.
        public var path: BytePath
        public var mode: TreeObject.Mode
        public var id: ObjectID

        public init(path: BytePath, mode: TreeObject.Mode, id: ObjectID) {
            self.path = path
            self.mode = mode
            self.id = id
        }
    }

    /// A file of which git stores other bytes.
    public struct Converted: Sendable, Codable, Equatable {
        /// The file's own bytes.
        public var raw: ObjectID
        public var git: ObjectID

        public init(raw: ObjectID, git: ObjectID) {
            self.raw = raw
            self.git = git
        }
    }

    /// Where the workspace is in its repository: empty at its root, else with a trailing slash.
    public var prefix = BytePath([])
    public var kept: [Kept] = []
    public var converted: [String: Converted] = [:]
    /// Files whose changes cannot be recorded: a program of the user's would have to convert them.
    public var fixed: Set<String> = []
    /// Working trees of other repositories in the workspace: what changes in them is not recorded.
    public var nested: [String] = []
    /// How changed files are converted; nil: they are stored as they are.
    public var conversion: ConversionRules?

    public init() {}

    /// Whether git's tree is the sandbox's.
    public var isEmpty: Bool {
        prefix.bytes.isEmpty && kept.isEmpty && converted.isEmpty && fixed.isEmpty && nested.isEmpty
            && conversion == nil
    }

    /// Whether commits follow the file. Those that they do not follow are told as left out.
    public func isRecorded(_ path: String) -> Bool {
        guard !fixed.contains(path) else { return false }
        return !nested.contains { folder in
            path.utf8.starts(with: folder.utf8)
                && path.utf8.dropFirst(folder.utf8.count).first.map { $0 == UInt8(ascii: "/") } ?? true
        }
    }

    /// The path in the repository.
    public func gitPath(_ path: String) -> [UInt8] { prefix.bytes + Array(path.utf8) }

    /// What makes git's tree of the files of a workspace: changes for `TreeEditor` upon the tree of `WorkspaceOrigin.head`
    /// where ``prefix`` is not empty, else upon nothing.
    ///
    /// Blobs of files that are not converted are the files' own; those of converted ones must be there already.
    public func leaves(of entries: [String: TreeHash.Entry]) -> [(path: [UInt8], leaf: TreeEditor.Leaf?)] {
        var leaves: [(path: [UInt8], leaf: TreeEditor.Leaf?)] = []
        leaves.reserveCapacity(entries.count + kept.count + 1)
        // What HEAD has there goes; the files are added again.
        if !prefix.bytes.isEmpty { leaves.append((Array(prefix.bytes.dropLast()), nil)) }
        for (path, entry) in entries where isRecorded(path) {
            var leaf = TreeEditor.Leaf(entry)
            if let other = converted[path], other.raw == entry.blob { leaf.id = other.git }
            leaves.append((gitPath(path), leaf))
        }
        for entry in kept {
            leaves.append((prefix.bytes + entry.path.bytes, TreeEditor.Leaf(mode: entry.mode, id: entry.id)))
        }
        return leaves
    }
}
