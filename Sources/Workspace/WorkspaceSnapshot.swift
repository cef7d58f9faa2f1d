import Git

/// A frozen copy of a workspace: what a session starts from.
public struct WorkspaceSnapshot: Sendable {
    /// The folder with the copy.
    public var base: String
    /// Every file of the copy, by path.
    public var entries: [String: TreeHash.Entry]
    public var treeHash: String
    /// Paths that were not taken, and why, for the user: at most a few.
    public var leftOut: [String]
    /// Folders in it that are working trees of other repositories (submodules among them), without a trailing slash.
    public var nested: [String] = []
    /// What commits of it stand on, where that was read.
    public var origin: WorkspaceOrigin?

    /// Limits of what is taken; beyond, the user is told to ignore build products.
    public struct Limits: Sendable {
        public var files = 200_000
        public var bytes = 4 << 30

        public init() {}
    }
}
