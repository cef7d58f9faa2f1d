import AgentProtocol
import Git
import JSONRPC
import Secrets
import Workspace

/// The way to the remotes of the service's file, with the credentials of that file, by the system's git.
public struct GitRemoteAccess: Sendable {
    let rules: RemoteRules
    let secrets: RemoteSecrets

    /// - Parameters:
    ///   - environment: where credentials of the kind `env` are, and `SSH_AUTH_SOCK`.
    ///   - known: is told the secrets that are used.
    public init(_ rules: RemoteRules, environment: [String: String], known: KnownSecrets = KnownSecrets()) {
        self.rules = rules
        secrets = RemoteSecrets(rules.credentials, environment: environment, known: known)
    }

    /// - Parameter remote: as a client names it.
    /// - Throws: as ``resolve(_:)`` does.
    public func transport(to remote: String) throws -> any RemoteTransport {
        let (address, rule) = try resolve(remote)
        return GitTransport(address: address, rule: rule, secrets: secrets)
    }

    /// - Throws: `ResponseError` (invalid params) when it is no address, or no rule is for it.
    func resolve(_ remote: String) throws -> (RemoteAddress, RemoteRule) {
        let address: RemoteAddress
        do { address = try RemoteAddress(parsing: remote) } catch {
            throw ResponseError(code: .invalidParams, message: "\(error)")
        }
        guard let rule = rules.rule(for: address) else {
            throw ResponseError(
                code: .invalidParams,
                message: "the remote \(address) is not allowed: no rule of `remotes` in the service's file is for it")
        }
        return (address, rule)
    }

    /// What is wrong with the credentials now, without their values, for the service's log.
    public func credentialProblems() async -> [String: String] { await secrets.problems() }
}

/// Talks to one remote.
struct GitTransport: RemoteTransport {
    let address: RemoteAddress
    let rule: RemoteRule
    let secrets: RemoteSecrets

    /// More than the largest known repositories have.
    private static let referenceBytes = 256 << 20

    func references(of remote: String) async throws -> [UInt8] {
        var limits = SealedGit.Limits()
        limits.output = Self.referenceBytes
        limits.time = .seconds(120)
        let git = SealedGit(repository: nil, access: try await access(), limits: limits)
        return try await explaining { try await git.run(["ls-remote", "--symref", "--", address.description]) }
    }

    func fetch(_ refspecs: [String], from remote: String, into repository: String) async throws {
        let git = SealedGit(repository: repository, access: try await access())
        _ = try await explaining {
            try await git.run(
                ["fetch", "--no-tags", "--no-write-fetch-head", "--force", "--", address.description] + refspecs)
        }
    }

    /// Says it when a credential was refused: git only says that it cannot ask anybody for another one.
    func explaining<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as SealedGitError {
            guard case .failed(_, let text) = error,
                ["could not read Username", "could not read Password", "Authentication failed"].contains(
                    where: text.contains)
            else { throw error }
            throw RemoteFailure.authentication(remote: address.description, credential: rule.credential)
        }
    }

    func access() async throws -> SealedAccess {
        SealedAccess(
            protocols: [address.scheme.rawValue], authorization: try await secrets.authorization(for: address, rule),
            authorityFile: rule.caFile, ssh: rule.ssh.map(secrets.ssh))
    }
}

/// What a remote's refusal means.
enum RemoteFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case authentication(remote: String, credential: String?)

    var description: String {
        switch self {
        case .authentication(let remote, let name?):
            "authentication failed: \(remote) does not take the credential `\(name)`"
        case .authentication(let remote, nil):
            "authentication failed: \(remote) wants a credential, and its rule in `remotes` names none"
        }
    }
}
