/// Which forge's interface a server speaks.
public enum ForgeKind: String, Sendable, Hashable, CaseIterable {
    case github
    case gitlab
    case gitea
    case forgejo
    /// Bitbucket Cloud.
    case bitbucket
    /// Bitbucket Data Center, formerly Server.
    case bitbucketDataCenter

    /// The forge's name as people write it.
    public var title: String {
        switch self {
        case .github: "GitHub"
        case .gitlab: "GitLab"
        case .gitea: "Gitea"
        case .forgejo: "Forgejo"
        case .bitbucket: "Bitbucket"
        case .bitbucketDataCenter: "Bitbucket Data Center"
        }
    }

    /// What a change that waits for review is called there.
    public var changeTitle: String { self == .gitlab ? "merge request" : "pull request" }

    /// The kind of a well-known public host; nil for others, whose kind must be configured.
    public init?(publicHost host: String) {
        switch host.lowercased() {
        case "github.com": self = .github
        case "gitlab.com": self = .gitlab
        case "bitbucket.org": self = .bitbucket
        case "codeberg.org": self = .forgejo
        case "gitea.com": self = .gitea
        default: return nil
        }
    }

    /// Address of the interface on a host, as the forge is set up by default.
    /// - Parameter host: name, and port where it is not 443.
    public func defaultBaseURL(host: String) -> String {
        switch self {
        case .github: host.lowercased() == "github.com" ? "https://api.github.com" : "https://\(host)/api/v3"
        case .gitlab: "https://\(host)/api/v4"
        case .gitea, .forgejo: "https://\(host)/api/v1"
        case .bitbucket: host.lowercased() == "bitbucket.org" ? "https://api.bitbucket.org/2.0" : "https://\(host)/2.0"
        case .bitbucketDataCenter: "https://\(host)/rest"
        }
    }
}
