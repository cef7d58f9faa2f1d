import JSON
import ProjectConfiguration

/// `recording:` of the ``ServiceFile``: whether clients may have the model traffic of their sessions recorded.
///
/// ```yaml
/// recording: true
/// ```
/// Without it none may: a recording holds what models read, the source code and the output of commands, and lies on the
/// service's disk as long as the session's result. A recording that exists can be played whatever is said here.
public struct RecordingSettings: Sendable, Equatable, ServiceFileSection {
    public var isAllowed = false

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        isAllowed = try reader.bool(value, at: path)
    }
}
