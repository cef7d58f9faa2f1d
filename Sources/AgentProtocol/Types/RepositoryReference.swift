/// A state of a remote repository.
public struct RepositoryReference: Codable, Sendable, Equatable {
    /// Its address: `https://host/path`, `ssh://user@host/path` or `user@host:path`, without a password.
    public var remote: String
    /// A branch, a tag, a full reference or a commit; absent: the remote's default branch.
    public var ref: String?

    public init(remote: String, ref: String? = nil) {
        self.remote = remote
        self.ref = ref
    }
}
