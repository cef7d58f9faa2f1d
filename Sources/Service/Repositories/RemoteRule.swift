import Forges
import JSON
import ProjectConfiguration

/// One rule of the service's file for remote repositories.
public struct RemoteRule: Sendable, Equatable {
    /// How the service is known over ssh.
    public enum SSHIdentity: Sendable, Equatable {
        /// A private key without a passphrase.
        case key(String)
        /// The agent that `SSH_AUTH_SOCK` of the service's environment names.
        case agent
    }

    public struct SSH: Sendable, Equatable {
        public var identity: SSHIdentity
        /// The hosts' public keys; a host that is not in it is refused.
        public var knownHosts: String
    }

    public var match: RemotePattern
    /// Name in ``GitCredentials``.
    public var credential: String?
    /// Whether results may be pushed there.
    public var push = false
    /// What pull or merge requests are opened with; nil: of a well-known public host its own, of others none.
    public var forge: ForgeKind?
    /// Address of the forge's interface; nil: what is usual for the host.
    public var api: String?
    public var ssh: SSH?
    /// Authorities that sign the host's certificate, PEM; nil: the system's.
    public var caFile: String?
    /// Branches that may be pushed, by patterns; `*` is any run of characters.
    public var branches = ["cofferdam/*"]
    /// Branch that pull or merge requests are for; nil: the session's own, else the remote's default branch.
    public var base: String?

    private static let keys = [
        "match", "credential", "push", "forge", "api", "ssh", "caFile", "branches", "base",
    ]
    private static let mostBranches = 64

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, credentials: GitCredentials) throws {
        let members = try reader.object(value, at: path, keys: Self.keys)
        guard let pattern = members["match"] else { throw reader.error(at: path, "\(path) has no match") }
        let text = try reader.string(pattern, at: path["match"], most: RemoteAddress.maximumBytes)
        do { match = try RemotePattern(parsing: text) } catch {
            throw reader.error(at: path["match"], "\(path["match"]): \(error)")
        }
        if let value = members["push"] { push = try reader.bool(value, at: path["push"]) }
        if let value = members["forge"] {
            let name = try reader.name(value, at: path["forge"])
            guard let kind = ForgeKind(rawValue: name) else {
                let known = ForgeKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw reader.error(at: path["forge"], "\(path["forge"]) must be one of \(known)")
            }
            forge = kind
        } else {
            forge = ForgeKind(publicHost: match.address.host)
        }
        api = try members["api"].map { try reader.forgeAddress($0, at: path["api"]) }
        caFile = try members["caFile"].map { try reader.absolutePath($0, at: path["caFile"]) }
        if let value = members["branches"] {
            branches = try reader.array(value, at: path["branches"], most: Self.mostBranches).enumerated().map {
                try Self.branch($1, at: path["branches"][$0], reader, isPattern: true)
            }
        }
        base = try members["base"].map { try Self.branch($0, at: path["base"], reader, isPattern: false) }
        try readCredential(members, at: path, reader, credentials)
        if let value = members["ssh"] { ssh = try Self.ssh(value, at: path["ssh"], reader) }
        guard (ssh != nil) == (match.address.scheme == .ssh) else {
            throw reader.error(
                at: path, "\(path): a remote over ssh needs `ssh: {key or agent, knownHosts}`, and no other takes it")
        }
    }

    private mutating func readCredential(
        _ members: JSONObject, at path: YAMLPath, _ reader: ConfigurationReader, _ credentials: GitCredentials
    ) throws {
        guard let value = members["credential"] else { return }
        let name = try reader.name(value, at: path["credential"])
        guard let setting = credentials.named[name] else {
            throw reader.error(at: path["credential"], "there is no credential `\(name)` in gitCredentials")
        }
        switch match.address.scheme {
        case .https, .ssh: break
        case .http where match.address.isLoopback: break
        default:
            throw reader.error(
                at: path["credential"], "\(path): a credential is sent over https only (http to this machine)")
        }
        if case .githubApp = setting, forge != .github {
            throw reader.error(at: path["credential"], "\(path): `\(name)` is a GitHub App's; `forge` must be github")
        }
        credential = name
    }

    private static func branch(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, isPattern: Bool
    ) throws -> String {
        let name = try reader.name(value, at: path, most: BranchName.maximumBytes)
        let example =
            isPattern ? name.split(separator: "*", omittingEmptySubsequences: false).joined(separator: "x") : name
        guard BranchName.isValid(example) else { throw reader.error(at: path, "\(path) names no branch") }
        return name
    }

    private static func ssh(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws -> SSH {
        let members = try reader.object(value, at: path, keys: ["key", "agent", "knownHosts"])
        guard let hosts = members["knownHosts"] else {
            throw reader.error(at: path, "\(path) has no knownHosts: a host that nobody knows is not trusted")
        }
        let knownHosts = try reader.absolutePath(hosts, at: path["knownHosts"])
        let agent = try members["agent"].map { try reader.bool($0, at: path["agent"]) } ?? false
        switch (members["key"], agent) {
        case (let key?, false):
            return SSH(identity: .key(try reader.absolutePath(key, at: path["key"])), knownHosts: knownHosts)
        case (nil, true): return SSH(identity: .agent, knownHosts: knownHosts)
        default: throw reader.error(at: path, "\(path) needs either `key` or `agent: true`")
        }
    }

    func matches(_ address: RemoteAddress) -> Bool { match.matches(address, isForge: forge != nil) }
}
