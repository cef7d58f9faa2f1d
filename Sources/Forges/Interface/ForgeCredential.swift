import Secrets

/// How we prove to a forge who we are.
public enum ForgeCredential: Sendable, Hashable {
    /// A personal, project or repository access token.
    case token(SecretString)
    /// User name and password: Bitbucket's API tokens and app passwords.
    case basic(user: String, password: SecretString)
    /// A GitHub App, whose private key mints installation tokens of an hour.
    case githubApp(GitHubApp)
    /// Nothing; only public repositories can be read.
    case none

    /// Texts that no message may show.
    var secrets: [SecretString] {
        switch self {
        case .token(let token): [token]
        case .basic(_, let password): [password]
        case .githubApp(let app): [app.privateKey]
        case .none: []
        }
    }
}

/// A GitHub App and where it is installed.
public struct GitHubApp: Sendable, Hashable {
    /// The app's client id or application id, `iss` of its tokens.
    public var identifier: String
    /// RSA key in PEM form, PKCS #1 or PKCS #8.
    public var privateKey: SecretString
    /// Nil to look the installation up by repository.
    public var installation: Int?

    public init(identifier: String, privateKey: SecretString, installation: Int? = nil) {
        self.identifier = identifier
        self.privateKey = privateKey
        self.installation = installation
    }
}
