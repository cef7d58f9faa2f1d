import Forges

/// A branch that a session has pushed, and its pull or merge request.
public struct Publication: Codable, Sendable, Equatable {
    /// What the service finds the forge by: the remote's address.
    public var remote: String
    /// Path of the repository on its forge.
    public var repository: String
    public var branch: String
    /// Full id of the commit that was pushed.
    public var commit: String
    /// Nil where there is a branch alone.
    public var number: Int?
    public var url: String?

    public init(
        remote: String, repository: String, branch: String, commit: String, number: Int? = nil, url: String? = nil
    ) {
        self.remote = remote
        self.repository = repository
        self.branch = branch
        self.commit = commit
        self.number = number
        self.url = url
    }
}

/// What a session needs of its service after a push.
public protocol PublicationHost: Sendable {
    /// The forge's client, shared by sessions.
    func forge(for publication: Publication) async throws -> any Forge

    /// Pushes the session's verified result to the same branch, and brings its pull request up to date.
    /// - Returns: the publication with its new commit.
    /// - Throws: ``PublicationRefused`` when trying once more is no use.
    func publishAgain(_ publication: Publication, session: String) async throws -> Publication
}

/// Why a result cannot be pushed again until a person does something.
public struct PublicationRefused: Error, Sendable, CustomStringConvertible {
    public var reason: String

    public init(reason: String) { self.reason = reason }

    public var description: String { reason }
}
