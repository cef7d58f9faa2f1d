import JSON

/// `workspace:` of `.cofferdam.yaml`: what of the folder goes into a sandbox.
///
///     workspace:
///       include: [generated/**]      # although git ignores it
///       exclude: [recordings/]       # although git has it; commits keep it as it is
///       secrets: [tests/keys/*.pem]  # although it looks like a secret
///
/// Patterns are as in a check's `paths`; see `PathGlob`.
public struct WorkspaceChoice: Sendable, Equatable {
    public var include: [String]
    /// Wins over `include`.
    public var exclude: [String]
    /// Files that look like secrets and are none, or are needed.
    public var secrets: [String]

    public init(include: [String] = [], exclude: [String] = [], secrets: [String] = []) {
        self.include = include
        self.exclude = exclude
        self.secrets = secrets
    }

    /// Patterns of whole paths that mean the same.
    public var expanded: WorkspaceChoice {
        WorkspaceChoice(
            include: include.flatMap(PathGlob.expanded), exclude: exclude.flatMap(PathGlob.expanded),
            secrets: secrets.flatMap(PathGlob.expanded))
    }

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws(ConfigurationError) {
        self.init()
        let members = try reader.object(value, at: path, keys: ["include", "exclude", "secrets"])
        include = try Self.globs(members["include"], at: path["include"], reader)
        exclude = try Self.globs(members["exclude"], at: path["exclude"], reader)
        secrets = try Self.globs(members["secrets"], at: path["secrets"], reader)
    }

    private static func globs(
        _ value: JSON?, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws(ConfigurationError) -> [String] {
        guard let value else { return [] }
        var globs: [String] = []
        for (index, entry) in try reader.array(value, at: path, most: ConfigurationLimits.globs).enumerated() {
            let glob = try reader.string(entry, at: path[index], most: ConfigurationLimits.pathBytes)
            if let fault = PathGlob.fault(glob) { throw reader.error(at: path[index], "\(path[index]): \(fault)") }
            globs.append(glob)
        }
        return globs
    }
}
