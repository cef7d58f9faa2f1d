import JSON
import ProjectConfiguration

/// `retention:` of the ``ServiceFile``: how long sessions that are over can be looked at.
///
/// ```yaml
/// retention: {days: 30}    # default 90
/// ```
/// A session whose end is longer ago is removed: its record, events and result.
public struct RetentionSettings: Sendable, Equatable, ServiceFileSection {
    public var days: Int

    public init(days: Int = 90) { self.days = days }

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        self.init()
        let members = try reader.object(value, at: path, keys: ["days"])
        if let value = members["days"] { days = try reader.integer(value, at: path["days"], within: 1...36_500) }
    }
}
