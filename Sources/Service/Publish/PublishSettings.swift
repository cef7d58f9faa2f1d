import JSON
import Policy
import ProjectConfiguration

/// `publish:` of the ``ServiceFile``: how results of sessions go to remote repositories. Where they may go is said by
/// `remotes:` (``RemoteRules``).
///
/// ```yaml
/// publish:
///   branch: cofferdam/{session}-{slug}           # also {user}
///   committer: {name: Cofferdam, email: cofferdam@example.com}
///   signingKey: /etc/cofferdam/signing_key       # an ssh key without a passphrase
///   draft: true
///   reviewers: [alice]
///   labels: [agent]
///   paths: {ask: [.github/**], deny: [secrets/**]}
/// ```
public struct PublishSettings: Sendable, Equatable, ServiceFileSection {
    public struct Person: Sendable, Equatable {
        public var name: String
        public var email: String
    }

    /// Template of the branch's name.
    public var branch = "cofferdam/{session}-{slug}"
    /// Nil: the one of the session's commits.
    public var committer: Person?
    public var signingKey: String?
    public var draft = true
    public var reviewers: [String] = []
    public var labels: [String] = []
    /// Changes of these paths are published only when the user approves each.
    public var ask = Self.usualAsk
    /// Changes of these paths are never published.
    public var deny: [String] = []

    /// What runs with others' rights once it is pushed, or says who must look at a change.
    public static let usualAsk = [
        ".github/**", "**/.gitlab-ci.yml", ".gitlab/**", ".gitea/**", ".forgejo/**", "bitbucket-pipelines.yml",
        ".circleci/**", "**/Jenkinsfile", ".travis.yml", "azure-pipelines.yml", ".azure-pipelines/**",
        ".woodpecker.yml",
        ".woodpecker/**", ".drone.yml", ".buildkite/**", "appveyor.yml", ".appveyor.yml", "cloudbuild.yaml",
        ".teamcity/**",
        "**/CODEOWNERS", "**/OWNERS", ".cofferdam.yaml", ".cofferdam.yml", ".gitmodules", "**/.gitattributes",
        ".lfsconfig",
        ".pre-commit-config.yaml", ".husky/**", "renovate.json", "**/dependabot.yml",
    ]

    private static let keys = ["branch", "committer", "signingKey", "draft", "reviewers", "labels", "paths"]
    private static let mostNames = 32
    private static let mostPatterns = 256

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: Self.keys)
        if let value = members["branch"] {
            branch = try reader.name(value, at: path["branch"])
            let example = PublishText.branch(branch, session: "s7k2mq9xw4hd", title: "Example", user: "user")
            guard BranchName.isValid(example), branch.contains("{session}") else {
                throw reader.error(
                    at: path["branch"],
                    "\(path["branch"]) must make a branch's name of `{session}` and, if wanted, `{slug}` and `{user}`")
            }
        }
        if let value = members["committer"] {
            let person = path["committer"]
            let members = try reader.object(value, at: person, keys: ["name", "email"])
            guard let name = members["name"], let email = members["email"] else {
                throw reader.error(at: person, "\(person) needs a name and an email")
            }
            committer = Person(
                name: try reader.name(name, at: person["name"]), email: try reader.name(email, at: person["email"]))
        }
        signingKey = try members["signingKey"].map { try reader.absolutePath($0, at: path["signingKey"]) }
        if let value = members["draft"] { draft = try reader.bool(value, at: path["draft"]) }
        func names(_ key: String) throws -> [String]? {
            guard let value = members[key] else { return nil }
            return try reader.array(value, at: path[key], most: Self.mostNames).enumerated().map {
                try reader.name($1, at: path[key][$0])
            }
        }
        reviewers = try names("reviewers") ?? []
        labels = try names("labels") ?? []
        if let value = members["paths"] {
            let paths = path["paths"]
            let members = try reader.object(value, at: paths, keys: ["ask", "deny"])
            func patterns(_ key: String) throws -> [String]? {
                guard let value = members[key] else { return nil }
                return try reader.array(value, at: paths[key], most: Self.mostPatterns).enumerated().map {
                    try reader.name($1, at: paths[key][$0])
                }
            }
            // What is asked for by itself is asked for still.
            ask += try patterns("ask") ?? []
            deny = try patterns("deny") ?? []
        }
    }

    /// Of changed paths, those that need the user's word, and those that must not go out.
    func sort(_ paths: [String]) -> (ask: [String], deny: [String]) {
        let (asked, denied) = (ask.map { PathPattern($0) }, deny.map { PathPattern($0) })
        let refused = paths.filter { path in denied.contains { $0.matches(path) } }
        return (paths.filter { path in asked.contains { $0.matches(path) } && !refused.contains(path) }, refused)
    }
}
