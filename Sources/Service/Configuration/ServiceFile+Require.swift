import JSON
import ProjectConfiguration

/// `require:` of the ``ServiceFile``: guards without which no sandbox is made.
///
/// ```yaml
/// require: [namespaces, system call filter, memory limit]
/// ```
public struct RequiredGuards: Sendable, Equatable, ServiceFileSection {
    /// By the names that `cofferdam doctor` shows.
    public var names: Set<String> = []

    /// There are a dozen guards.
    private static let maximumNames = 64

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        for (index, entry) in try reader.array(value, at: path, most: Self.maximumNames).enumerated() {
            names.insert(try reader.name(entry, at: path[index]))
        }
    }
}
