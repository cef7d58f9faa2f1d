import Secrets

/// A forge: a place with repositories, pull or merge requests, and CI.
///
/// All that it answers is hostile text: it comes back capped and without control characters, but not trusted. Every method
/// throws ``ForgeError``, or `CancellationError` when its task is cancelled. Reads are repeated after transient failures;
/// a write is repeated only where it cannot take effect twice.
public protocol Forge: Sendable {
    var kind: ForgeKind { get }

    /// Opens a pull or merge request, or brings the open one of the same branch up to date. Reviewers and labels are added
    /// to those that are there; none is removed. What the forge could not take is told in ``PublishedChange/notes``.
    func openOrUpdate(_ request: ChangeRequest) async throws -> PublishedChange

    /// The pull or merge request as it is now.
    func change(_ number: Int, in repository: RepositoryName) async throws -> PublishedChange

    /// What CI says of a commit.
    /// - Parameter commit: full id in hexadecimal.
    func status(of commit: String, in repository: RepositoryName) async throws -> PipelineStatus

    /// A job's log, without the middle where it is longer than ``ForgeLimits/maximumLogBytes``; nil where there is none to read.
    func log(of job: PipelineJob, in repository: RepositoryName) async throws -> JobLog?

    /// Comments of people on a pull or merge request, oldest first, in all the forge's kinds.
    /// - Parameter since: only comments made or changed at or after this time (RFC 3339); nil for all.
    func comments(on number: Int, in repository: RepositoryName, since: String?) async throws -> [ReviewComment]

    /// User name and password for git over https with the same credential, freshly minted where it has a lifetime.
    func gitCredential(for repository: RepositoryName) async throws -> GitCredential

    /// Closes the connections.
    func shutdown() async
}

/// What git sends as basic authentication.
public struct GitCredential: Sendable, Hashable {
    public var user: String
    public var password: SecretString

    public init(user: String, password: SecretString) {
        self.user = user
        self.password = password
    }
}
