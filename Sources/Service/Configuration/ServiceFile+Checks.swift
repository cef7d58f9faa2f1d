import JSON
import Policy
import ProjectConfiguration

/// `checks:` of the ``ServiceFile``: checks of the organisation, which run in every session beside the repository's own.
///
/// ```yaml
/// checks:
///   - name: licence headers
///     command: [/opt/company/bin/check-licences]   # and the other keys of a check in .cofferdam.yaml
///     repositories: ["git.example.com/team/*", /srv/code/**]   # default: all
/// ```
/// Neither a repository nor a client can take one away, change it or put one of its own in its place.
public struct OrganisationChecks: Sendable, Equatable, ServiceFileSection {
    struct Rule: Sendable, Equatable {
        var check: CheckDefinition
        /// Globs of folders, or of the addresses that a repository is fetched from; nil: all.
        var repositories: [String]?
    }

    var rules: [Rule] = []

    private static let mostRepositories = 256

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        for (index, entry) in try reader.array(value, at: path, most: ConfigurationLimits.checks).enumerated() {
            let place = path[index]
            let check = try CheckDefinition(
                entry, at: place, reader, origin: .organisation, others: ["repositories"])
            if rules.contains(where: { $0.check.name == check.name }) {
                throw reader.error(at: place["name"], "two checks are called ‘\(check.name)’")
            }
            var rule = Rule(check: check)
            if let value = entry["repositories"] {
                rule.repositories = try Self.repositories(value, at: place["repositories"], reader)
            }
            rules.append(rule)
        }
    }

    private static func repositories(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> [String] {
        let entries = try reader.array(value, at: path, most: mostRepositories)
        guard !entries.isEmpty else { throw reader.error(at: path, "\(path) names nothing") }
        var patterns: [String] = []
        for (index, entry) in entries.enumerated() {
            patterns.append(try reader.string(entry, at: path[index], most: ConfigurationLimits.pathBytes))
        }
        return patterns
    }

    public var isEmpty: Bool { rules.isEmpty }

    /// The checks that are for a folder.
    /// - Parameter remotes: addresses of its repository, asked for when a check is not for all folders.
    public func checks(folder: String, remotes: () -> [String]) -> [CheckDefinition] {
        var names: [String]?
        return rules.filter { rule in
            guard let patterns = rule.repositories else { return true }
            let known = names ?? [folder] + remotes().map(RepositoryAddress.plain)
            names = known
            return patterns.contains { pattern in
                let isPath = pattern.hasPrefix("/")
                let glob = PathPattern(isPath ? pattern : RepositoryAddress.plain(pattern))
                return known.contains { $0.hasPrefix("/") == isPath && glob.matches($0) }
            }
        }.map(\.check)
    }
}

/// Where a repository is fetched from, in one notation: `git.example.com/team/project`.
enum RepositoryAddress {
    /// Without scheme, user, port and `.git`; `git@host:path` as `host/path`.
    static func plain(_ address: String) -> String {
        var rest = address[...]
        var hasScheme = false
        if let colon = rest.firstRange(of: "://") {
            rest = rest[colon.upperBound...]
            hasScheme = true
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        if let at = rest[..<slash].lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        var text = String(rest)
        if let colon = rest[..<end].firstIndex(of: ":") {
            let path = hasScheme ? rest[end...] : "/" + rest[rest.index(after: colon)...]
            text = String(rest[..<colon] + path)
        }
        while text.hasSuffix("/") { text.removeLast() }
        if text.hasSuffix(".git") { text.removeLast(4) }
        return text
    }
}
