import Egress

/// Where the authority of a session is kept from the service that made it to a later one: programs that run on in the
/// sandbox trust the one that they found when they started.
struct AuthorityFile {
    private let file: SessionSecretFile

    init(stateDirectory: String) { file = SessionSecretFile(path: "\(stateDirectory)/authority.pem") }

    var path: String { file.path }

    /// The session's authority: the one that is kept, or a new one, which then is.
    /// - Throws: when none can be made or kept.
    func authority(sessionId: String, permittedHosts: [String]) throws -> SessionAuthority {
        if let kept = file.read(), let found = try? SessionAuthority(kept: kept, permittedHosts: permittedHosts) {
            return found
        }
        let made = try SessionAuthority(sessionId: sessionId, permittedHosts: permittedHosts)
        try file.write(made.kept())
        return made
    }

    func remove() { file.remove() }
}
