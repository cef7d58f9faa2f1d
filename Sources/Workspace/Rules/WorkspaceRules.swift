import Policy

/// What a repository says of its snapshots: `workspace:` of `.cofferdam.yaml`.
///
/// Patterns are whole paths relative to the folder: `*` and `?` within one part, `**` for any number of parts.
public struct WorkspaceRules: Sendable, CustomStringConvertible {
    /// What each pattern means, before it is expanded.
    public struct Patterns: Sendable, Equatable {
        public var include: [String]
        public var exclude: [String]
        public var secrets: [String]

        public init(include: [String] = [], exclude: [String] = [], secrets: [String] = []) {
            self.include = include
            self.exclude = exclude
            self.secrets = secrets
        }
    }

    private let patterns: Patterns
    private let included: [PathPattern]
    private let excluded: [PathPattern]
    private let allowed: [PathPattern]
    /// The parts of each included pattern before its first wildcard: folders that lead to what it may name.
    private let roots: [[String]]

    public init(_ patterns: Patterns = Patterns()) {
        self.patterns = patterns
        included = patterns.include.map(PathPattern.init)
        excluded = patterns.exclude.map(PathPattern.init)
        allowed = patterns.secrets.map(PathPattern.init)
        roots = patterns.include.map { pattern in
            RelativePath.parts(pattern.lowercased()).prefix { part in
                !part.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
            }.map(String.init)
        }
    }

    /// Equal for rules that leave out the same.
    public var description: String {
        func text(_ patterns: [String]) -> String { patterns.map { "\($0.utf8.count):\($0)" }.joined() }
        return "\(text(patterns.include))|\(text(patterns.exclude))|\(text(patterns.secrets))"
    }

    /// Whether a path is taken although git ignores it.
    public func includes(_ path: String) -> Bool { included.contains { $0.matches(path) } }

    /// Whether a path is left out although git does not ignore it. It wins over ``includes(_:)``.
    public func excludes(_ path: String) -> Bool { excluded.contains { $0.matches(path) } }

    /// Whether a file may be taken although it looks like a secret.
    public func allowsSecret(_ path: String) -> Bool { allowed.contains { $0.matches(path) } }

    /// Whether something in an ignored folder may be included.
    func leads(into folder: String) -> Bool {
        guard !roots.isEmpty else { return false }
        let parts = RelativePath.parts(folder.lowercased()).map(String.init)
        return roots.contains { root in zip(root, parts).allSatisfy { $0 == $1 } }
    }
}
