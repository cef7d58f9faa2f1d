import Forges
import Git
import Secrets

/// Credentials for remotes and forges, read or minted when they are needed.
struct RemoteSecrets: Sendable {
    private let settings: GitCredentials
    private let store: CredentialStore
    private let agentSocket: String?
    private let known: KnownSecrets

    init(_ settings: GitCredentials, environment: [String: String], known: KnownSecrets) {
        self.known = known
        self.settings = settings
        store = CredentialStore(
            settings.named.compactMapValues { setting in
                guard case .password(let user, let source) = setting else { return nil }
                return EgressCredential(placement: .basic(user: user ?? ""), source: source)
            }, environment: environment, known: known)
        agentSocket = environment["SSH_AUTH_SOCK"]
    }

    func problems() async -> [String: String] {
        var problems = await store.problems()
        for (name, setting) in settings.named {
            guard case .githubApp(let app) = setting else { continue }
            do { _ = try CredentialStore.read(app.key) } catch { problems[name] = "\(error)" }
        }
        return problems
    }

    /// The header's value for git over https.
    /// - Returns: nil when the rule names no credential, or ssh needs none.
    func authorization(for address: RemoteAddress, _ rule: RemoteRule) async throws -> SecretString? {
        guard address.scheme == .https || address.scheme == .http, let name = rule.credential,
            let setting = settings.named[name]
        else { return nil }
        switch setting {
        case .password(let user, _):
            let secret = SecretString(try await store.secret(named: name).reveal())
            return SealedAccess.basic(user: user ?? Self.usualUser(rule.forge), token: secret)
        case .githubApp:
            guard let repository = RepositoryName(path: address.path) else { throw CredentialError.unknown(name) }
            guard let forge = try await forge(for: address, rule) else { return nil }
            do {
                let credential = try await forge.gitCredential(for: repository)
                await forge.shutdown()
                // Minted for an hour or so: there will be others.
                known.add(credential.password)
                return credential.basic
            } catch {
                await forge.shutdown()
                throw error
            }
        }
    }

    func ssh(_ ssh: RemoteRule.SSH) -> SealedAccess.SSH {
        switch ssh.identity {
        case .key(let path): SealedAccess.SSH(keyFile: path, knownHostsFile: ssh.knownHosts)
        case .agent: SealedAccess.SSH(agentSocket: agentSocket, knownHostsFile: ssh.knownHosts)
        }
    }

    /// A client of the remote's forge, to be shut down after use.
    /// - Returns: nil when the remote is on no forge that is known.
    func forge(for address: RemoteAddress, _ rule: RemoteRule) async throws -> (any Forge)? {
        guard let kind = rule.forge else { return nil }
        var api = rule.api
        var credential = ForgeCredential.none
        if let name = rule.credential, let setting = settings.named[name] {
            switch setting {
            case .password(let user, _):
                let secret = SecretString(try await store.secret(named: name).reveal())
                credential =
                    user.map { kind == .bitbucket ? .basic(user: $0, password: secret) : .token(secret) }
                    ?? .token(secret)
            case .githubApp(let app):
                let key = String(decoding: try CredentialStore.read(app.key), as: UTF8.self)
                known.add(SecretString(key))
                credential = .githubApp(
                    GitHubApp(
                        identifier: app.identifier, privateKey: SecretString(key), installation: app.installation))
                api = api ?? app.api
            }
        }
        // The port of an address over ssh is not the interface's.
        let host = address.scheme == .https ? address.authority : address.host
        return try Forges.forge(
            ForgeSettings(
                kind: kind, baseURL: api ?? kind.defaultBaseURL(host: host), credential: credential,
                allowsPlainHTTP: api?.hasPrefix("http://") ?? false, certificateAuthorities: rule.caFile))
    }

    /// What stands beside a token of a forge (their manuals on git over https).
    private static func usualUser(_ forge: ForgeKind?) -> String {
        switch forge {
        case .github?: "x-access-token"
        case .gitlab?: "oauth2"
        case .bitbucket?, .bitbucketDataCenter?: "x-token-auth"
        default: "git"
        }
    }
}

extension GitCredential {
    fileprivate var basic: SecretString { SealedAccess.basic(user: user, token: password) }
}
