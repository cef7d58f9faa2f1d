/// `repositoryFetched`: what the session works on was brought from its remote.
public struct RepositoryFetched: Codable, Sendable, Equatable {
    public var remote: String
    /// The full name that was looked up, such as `refs/heads/main`; absent for a commit that was named by its hash.
    public var ref: String?
    /// git hash of the commit that the session begins with.
    public var commit: String
    /// Whether an earlier session had left a copy of the repository, so that only what is new was fetched.
    public var cached: Bool
    public var durationMilliseconds: Int

    public init(remote: String, ref: String? = nil, commit: String, cached: Bool, durationMilliseconds: Int) {
        self.remote = remote
        self.ref = ref
        self.commit = commit
        self.cached = cached
        self.durationMilliseconds = durationMilliseconds
    }
}
