import JSON
import ModelGateway
import ProjectConfiguration

/// `modelGateway:` of the ``ServiceFile``: whether programs in a sandbox may use the session's models, without a key.
///
/// ```yaml
/// modelGateway: true
/// modelGateway: {concurrency: 4, requestsPerMinute: 120}   # of each session
/// ```
/// Without this section none may; policy files and repositories turn it off with `policy: {modelGateway: false}`.
public struct ModelGatewaySettings: Sendable, Equatable, ServiceFileSection {
    /// Nil: it is off.
    public var limits: ModelGatewayLimits?

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        if let isOn = value.boolValue {
            if isOn { limits = ModelGatewayLimits() }
            return
        }
        let members = try reader.object(value, at: path, keys: ["concurrency", "requestsPerMinute"])
        var limits = ModelGatewayLimits()
        if let value = members["concurrency"] {
            limits.concurrency = try reader.integer(value, at: path["concurrency"], within: 1...64)
        }
        if let value = members["requestsPerMinute"] {
            limits.requestsPerMinute = try reader.integer(value, at: path["requestsPerMinute"], within: 1...6000)
        }
        self.limits = limits
    }
}
