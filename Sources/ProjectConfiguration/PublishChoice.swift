import JSON

/// `publish:` of `.cofferdam.yaml`: what a repository wants of pull and merge requests. It adds to what the service says
/// and widens nothing; it is read from the branch that a change is for.
///
///     publish:
///       reviewers: [alice]
///       labels: [agent]
///       template: docs/change.md     # of the text; default: where forges look for one
///       ask: [deploy/**]             # changes of these need the user's word
///       deny: [vendor/**]            # and of these are never published
public struct PublishChoice: Sendable, Equatable {
    public var reviewers: [String]
    public var labels: [String]
    /// Path in the repository.
    public var template: String?
    /// Patterns of paths from the repository's root; `**` is any number of folders.
    public var ask: [String]
    public var deny: [String]

    public init(
        reviewers: [String] = [], labels: [String] = [], template: String? = nil, ask: [String] = [],
        deny: [String] = []
    ) {
        self.reviewers = reviewers
        self.labels = labels
        self.template = template
        self.ask = ask
        self.deny = deny
    }

    /// More than anybody is asked to look.
    private static let mostNames = 32

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws(ConfigurationError) {
        self.init()
        let members = try reader.object(
            value, at: path, keys: ["reviewers", "labels", "template", "ask", "deny"])
        reviewers = try Self.names(members["reviewers"], at: path["reviewers"], reader, most: Self.mostNames)
        labels = try Self.names(members["labels"], at: path["labels"], reader, most: Self.mostNames)
        ask = try Self.names(members["ask"], at: path["ask"], reader, most: ConfigurationLimits.globs)
        deny = try Self.names(members["deny"], at: path["deny"], reader, most: ConfigurationLimits.globs)
        if let value = members["template"] {
            let file = try reader.name(value, at: path["template"])
            guard !file.hasPrefix("/"), !file.split(separator: "/").contains("..") else {
                throw reader.error(at: path["template"], "\(path["template"]) must be a path in the repository")
            }
            template = file
        }
    }

    private static func names(
        _ value: JSON?, at path: YAMLPath, _ reader: ConfigurationReader, most: Int
    ) throws(ConfigurationError) -> [String] {
        guard let value else { return [] }
        var names: [String] = []
        for (index, entry) in try reader.array(value, at: path, most: most).enumerated() {
            names.append(try reader.name(entry, at: path[index]))
        }
        return names
    }
}
