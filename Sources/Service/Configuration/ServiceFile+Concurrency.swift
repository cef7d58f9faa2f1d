import JSON
import ProjectConfiguration
import Sandbox

/// `concurrency:` of the ``ServiceFile``: sandboxes alive at a time. A session beyond them waits in the queue.
///
/// ```yaml
/// concurrency:
///   total: 8       # default: by the machine's memory, 200 at most
///   perUser: 3     # default: as many as in total
/// ```
/// A user is the name of the bearer token that a client came with.
public struct ConcurrencyLimits: Sendable, Equatable, ServiceFileSection {
    /// Sandboxes that are alive at a time. Those that only wait for a prompt count, as they hold memory and disk.
    public var total: Int
    /// Of these, one user's. Nil: as many as in total.
    public var perUser: Int?

    /// One for each 128 MiB of the machine's memory, from 4 to 200: most sandboxes wait for a model, and then hold little.
    public static let defaultTotal = min(200, max(4, ResourceLimits.hostMemoryBytes >> 27))
    /// Far more than one machine can work with.
    private static let range = 1...100_000

    public init(total: Int = Self.defaultTotal, perUser: Int? = nil) {
        self.total = total
        self.perUser = perUser
    }

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        self.init()
        let members = try reader.object(value, at: path, keys: ["total", "perUser"])
        if let value = members["total"] { total = try reader.integer(value, at: path["total"], within: Self.range) }
        if let value = members["perUser"] {
            perUser = try reader.integer(value, at: path["perUser"], within: Self.range)
        }
    }
}
