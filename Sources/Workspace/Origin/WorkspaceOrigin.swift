import Git

/// Where the files of a session come from in git's terms: what its commits stand on.
public struct WorkspaceOrigin: Sendable, Codable, Equatable {
    public struct Author: Sendable, Codable, Equatable {
        public var name: String
        public var email: String

        public init(name: String, email: String) {
            self.name = name
            self.email = email
        }
    }

    /// The commit of `HEAD`; nil for a folder that is in no repository, and for a branch without commits.
    public var head: ObjectID?
    /// The branch that `HEAD` names, as `refs/heads/…`; nil when it is detached or there is no repository.
    public var branch: String?
    /// As the user's own configuration has it.
    public var author: Author?
    /// Where the objects of `head` are, when the reader has them on its own disk: absolute, with a trailing slash.
    public var repository: String?
    /// Addresses that the repository is fetched from.
    public var remotes: [String] = []
    /// Rules of the user's own that ignore files (`.git/info/exclude` and beyond), one a line.
    public var excludes: String?
    public var adjustments = TreeAdjustments()
    /// What of the folder commits do not follow, for the user.
    public var notes: [String] = []
    /// What an uploaded snapshot did not take, for the user; see `WorkspaceSnapshot.leftOut`.
    public var leftOut: [String] = []

    public init(head: ObjectID? = nil, branch: String? = nil, author: Author? = nil, repository: String? = nil) {
        self.head = head
        self.branch = branch
        self.author = author
        self.repository = repository
    }
}
