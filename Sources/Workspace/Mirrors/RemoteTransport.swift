/// Talks to remote repositories, with the credentials that it has for them.
public protocol RemoteTransport: Sendable {
    /// What `git ls-remote --symref` says of the remote.
    func references(of remote: String) async throws -> [UInt8]

    /// Fetches into a bare repository.
    /// - Parameters:
    ///   - refspecs: as git-fetch(1) has them; none begins with a dash.
    ///   - repository: its path.
    func fetch(_ refspecs: [String], from remote: String, into repository: String) async throws
}
