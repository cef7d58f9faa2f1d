/// One file that a session changed.
public struct FileDifference: Codable, Sendable, Equatable {
    /// Relative to the workspace folder.
    public var path: String
    public var change: FileChangeKind
    /// Not text, or larger than what patches are made of.
    public var binary: Bool
    /// git file modes, octal: `100644`, `100755`, `120000`; absent on the side where the file is not.
    public var oldMode: String?
    public var newMode: String?
    /// git blob hashes.
    public var oldHash: String?
    public var newHash: String?
    /// Unified diff; empty for a binary file.
    public var patch: String
    /// What `patch` shows, hunk by hunk; absent where only the whole file can be applied: it is binary, a link, or has
    /// more than 2000 changes.
    public var hunks: [DiffHunk]?
    /// With `includeContents`: base64 of the whole file (of the target for a symbolic link).
    public var oldContents: String?
    public var newContents: String?
    /// Set when a file runs elsewhere once it is applied (a hook, a CI workflow, an editor task).
    public var sensitive: Bool?

    public init(
        path: String, change: FileChangeKind, binary: Bool, oldMode: String? = nil, newMode: String? = nil,
        oldHash: String? = nil, newHash: String? = nil, patch: String, hunks: [DiffHunk]? = nil,
        oldContents: String? = nil,
        newContents: String? = nil, sensitive: Bool? = nil
    ) {
        self.path = path
        self.change = change
        self.binary = binary
        self.oldMode = oldMode
        self.newMode = newMode
        self.oldHash = oldHash
        self.newHash = newHash
        self.patch = patch
        self.hunks = hunks
        self.oldContents = oldContents
        self.newContents = newContents
        self.sensitive = sensitive
    }
}
