/// `sessionPublished`: the session's result is on a remote, or was handed out as a bundle or patches.
public struct SessionPublished: Codable, Sendable, Equatable {
    public var kind: PublishKind
    public var remote: String?
    public var branch: String?
    /// Branch that it is for.
    public var base: String?
    /// Name of the published commit.
    public var commit: String?
    /// git tree hash of what was published; another one than that of the checks where it was merged with newer work.
    public var tree: String?
    /// Number of the pull or merge request.
    public var number: Int?
    /// Its page.
    public var url: String?
    /// What the user approved for it.
    public var approved: [String]?
    /// Name of the client that asked for it.
    public var client: String

    public init(
        kind: PublishKind, remote: String? = nil, branch: String? = nil, base: String? = nil, commit: String? = nil,
        tree: String? = nil, number: Int? = nil, url: String? = nil, approved: [String]? = nil, client: String
    ) {
        self.kind = kind
        self.remote = remote
        self.branch = branch
        self.base = base
        self.commit = commit
        self.tree = tree
        self.number = number
        self.url = url
        self.approved = approved
        self.client = client
    }
}
