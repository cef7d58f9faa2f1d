import JSON
import Policy
import ProjectConfiguration

/// `remotes:` of the ``ServiceFile``: the remote repositories that sessions may begin with, and be published to. The
/// first rule that matches decides; what none matches is refused.
///
/// ```yaml
/// remotes:
///   - match: https://github.com/team/*
///     credential: app
///     push: true                       # default false
///   - match: git@git.example.com:team/*
///     ssh: {key: /etc/cofferdam/id_ed25519, knownHosts: /etc/cofferdam/known_hosts}
///     forge: gitea                     # github, gitlab, gitea, forgejo, bitbucket, bitbucketDataCenter
///     credential: team                 # for the forge's interface
///     push: true
///     branches: [cofferdam/*]
/// ```
public struct RemoteRules: Sendable, Equatable {
    public var rules: [RemoteRule] = []
    public var credentials = GitCredentials()

    private static let mostRules = 256

    public init() {}

    init(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, credentials: GitCredentials
    ) throws {
        self.credentials = credentials
        rules = try reader.array(value, at: path, most: Self.mostRules).enumerated().map {
            try RemoteRule($1, at: path[$0], reader, credentials: credentials)
        }
    }

    /// The first rule that matches.
    public func rule(for address: RemoteAddress) -> RemoteRule? { rules.first { $0.matches(address) } }
}
