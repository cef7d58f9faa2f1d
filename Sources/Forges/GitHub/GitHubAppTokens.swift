import Crypto
import CryptoExtras
import FoundationEssentials
import JSON
import Secrets

/// Installation tokens of a GitHub App, each for one repository, minted when they are needed and kept until shortly
/// before their end.
actor GitHubAppTokens {
    private struct Minted {
        var token: SecretString
        var end: Date
    }

    private let app: GitHubApp
    private let client: ForgeClient
    private let clock: ForgeClock
    private var minted: [RepositoryName: Minted] = [:]
    /// Requests under way, so that many callers at once mint one token.
    private var minting: [RepositoryName: Task<Minted, any Error>] = [:]

    /// A token with less than this left is not used: a push of a large branch must not outlive it.
    private static let reserve: TimeInterval = 10 * 60
    /// GitHub gives an hour; another clock or a wrong answer must not keep a token for longer.
    private static let longestLife: TimeInterval = 60 * 60

    init(_ app: GitHubApp, _ settings: ForgeSettings, headers: [(String, String)], clock: ForgeClock) throws {
        self.app = app
        self.clock = clock
        let signer = try GitHubAppSigner(app)
        client = try ForgeClient(settings, headers: headers, clock: clock) { _ in
            SecretString("Bearer \(try signer.token(at: clock.now()).reveal())")
        }
    }

    func shutdown() async {
        await client.shutdown()
    }

    /// - Throws: ``ForgeError``
    func token(for repository: RepositoryName) async throws -> SecretString {
        if let minted = minted[repository], minted.end.timeIntervalSince(clock.now()) > Self.reserve {
            return minted.token
        }
        let task =
            minting[repository]
            ?? Task { [self] in
                try await mint(for: repository)
            }
        minting[repository] = task
        defer { minting[repository] = nil }
        let fresh = try await task.value
        minted[repository] = fresh
        return fresh.token
    }

    private func mint(for repository: RepositoryName) async throws -> Minted {
        var installation = app.installation
        if installation == nil {
            let found = try await client.json(.get("\(GitHub.path(repository))/installation", in: repository))
            installation = found["id"]?.intValue
        }
        guard let installation else { throw ForgeError.malformedAnswer("There is no installation in it.") }
        // Narrowed to the one repository: a token that leaks opens nothing else. A second one does no harm.
        let json = try await client.json(
            .send(
                .POST, "/app/installations/\(installation)/access_tokens",
                ["repositories": [.string(repository.name)]], isRepeatable: true, in: repository))
        guard let token = json["token"]?.stringValue, !token.isEmpty else {
            throw ForgeError.malformedAnswer("There is no token in it.")
        }
        let now = clock.now()
        let end = json["expires_at"]?.stringValue.flatMap(ForgeTime.seconds).map(Date.init(timeIntervalSince1970:))
        let latest = now.addingTimeInterval(Self.longestLife)
        return Minted(token: SecretString(token), end: min(end ?? latest, latest))
    }
}

/// Signs an app's own tokens: JWT (RFC 7519) with RS256 (RFC 7518, section 3.3).
struct GitHubAppSigner: Sendable {
    private let identifier: String
    private let key: _RSA.Signing.PrivateKey

    /// GitHub takes no more than ten minutes; a minute less for its clock.
    private static let life: TimeInterval = 9 * 60
    private static let tolerance: TimeInterval = 60

    init(_ app: GitHubApp) throws {
        identifier = app.identifier
        do {
            key = try _RSA.Signing.PrivateKey(pemRepresentation: app.privateKey.reveal())
        } catch {
            throw ForgeError.notConfigured(
                "The GitHub App's private key is no RSA key of 2048 bits or more in PEM form.")
        }
    }

    func token(at now: Date) throws -> SecretString {
        let header: JSON = ["alg": "RS256", "typ": "JWT"]
        let begin = Int(now.timeIntervalSince1970 - Self.tolerance)
        let claims: JSON = [
            "iat": .number(JSONNumber(begin)), "exp": .number(JSONNumber(begin + Int(Self.tolerance + Self.life))),
            "iss": .string(identifier),
        ]
        let text = Base64.urlEncoded(header.serialized()) + "." + Base64.urlEncoded(claims.serialized())
        do {
            let signature = try key.signature(for: Data(text.utf8), padding: .insecurePKCS1v1_5)
            return SecretString(text + "." + Base64.urlEncoded(Array(signature.rawRepresentation)))
        } catch {
            throw ForgeError.notConfigured("The GitHub App's private key cannot sign.")
        }
    }
}
