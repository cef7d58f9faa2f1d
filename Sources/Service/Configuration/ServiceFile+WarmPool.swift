import JSON
import ProjectConfiguration

/// `warmPool:` of the ``ServiceFile``: what is made ready before it is asked for.
///
/// ```yaml
/// warmPool:
///   repositories: 4    # folders of recent sessions that are kept ready; default 8
///   disk: 4 GiB        # for copies of folders that no session needs; default 2 GiB
///   memory: 64 MiB     # for sandboxes that wait; default 0: none are started beforehand
/// ```
/// Copies of folders are kept as sessions made them, without this section too. With it they are also brought up to date
/// while no session works.
public struct WarmPoolSettings: Sendable, Equatable, ServiceFileSection {
    /// Whether the section is there.
    public var isOn = false
    public var repositories = 8
    public var diskBytes = 2 << 30
    public var memoryBytes = 0

    /// What a sandbox that waits takes at most: its supervisor, and bubblewrap twice. Measured it is about four megabytes.
    static let sandboxBytes = 8 << 20

    public init() {}

    /// Sandboxes that may wait at a time.
    public var sandboxes: Int { memoryBytes / Self.sandboxBytes }

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: ["repositories", "disk", "memory"])
        isOn = true
        if let value = members["repositories"] {
            repositories = try reader.integer(value, at: path["repositories"], within: 0...10_000)
        }
        if let value = members["disk"] {
            diskBytes = try reader.bytes(value, at: path["disk"], within: 0...(1 << 50))
        }
        if let value = members["memory"] {
            memoryBytes = try reader.bytes(value, at: path["memory"], within: 0...(1 << 50))
        }
    }
}
