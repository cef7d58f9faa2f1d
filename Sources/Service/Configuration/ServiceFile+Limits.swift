import Agent
import JSON
import ProjectConfiguration
import Sandbox

/// `limits:` of the ``ServiceFile``: what one sandbox, session or command may take.
///
/// ```yaml
/// limits:
///   memory: 4 GiB            # and the other keys of LimitValues
///   temporary: 1 GiB         # of /tmp, of the home directory and of /dev/shm each
///   session: 14400           # seconds that a session may last
///   maximumCommand: 3600     # most seconds that the model may ask for
///   cgroup: automatic        # or none, or the path of a group such as /cofferdam
/// ```
public struct ServiceLimits: Sendable, Equatable, ServiceFileSection {
    public var resources = ResourceLimits()
    /// Where control groups are made.
    public var cgroup = CgroupPlacement.automatic
    /// Bytes that `/tmp`, the home directory and `/dev/shm` of a sandbox may hold, each; nil: the sandbox's default.
    public var temporaryBytes: Int?
    /// Seconds that a command may run when the model names no time; nil: the loop's default.
    public var commandSeconds: Int?
    /// Most seconds that the model may ask for; nil: the loop's default.
    public var maximumCommandSeconds: Int?
    /// Bytes of each output stream of a command that are kept; nil: the loop's default.
    public var outputBytes: Int?

    private static let ownKeys = ["temporary", "session", "maximumCommand", "cgroup"]

    public init() {}

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let values = try LimitValues(value, at: path, reader, others: Self.ownKeys)
        resources = ResourceLimits(
            processes: values.processes ?? resources.processes, openFiles: values.openFiles ?? resources.openFiles,
            fileBytes: values.fileBytes ?? resources.fileBytes,
            memoryBytes: values.memoryBytes ?? resources.memoryBytes,
            cpuCores: values.cpus ?? resources.cpuCores,
            workspaceBytes: values.workspaceBytes ?? resources.workspaceBytes,
            workspaceFiles: values.workspaceFiles ?? resources.workspaceFiles)
        commandSeconds = values.commandSeconds
        outputBytes = values.outputBytes
        if let value = value["session"] {
            resources.wallSeconds = try reader.integer(value, at: path["session"], within: 1...LimitValues.mostSeconds)
        }
        if let value = value["maximumCommand"] {
            maximumCommandSeconds = try reader.integer(
                value, at: path["maximumCommand"], within: 1...LimitValues.mostSeconds)
        }
        if let value = value["temporary"] {
            temporaryBytes = try reader.bytes(value, at: path["temporary"], within: 1 << 20...1 << 50)
        }
        if let value = value["cgroup"] { cgroup = try Self.placement(value, at: path["cgroup"], reader) }
        if let command = commandSeconds, let most = maximumCommandSeconds, command > most {
            throw reader.error(at: path["command"], "\(path["command"]) is more than \(path["maximumCommand"])")
        }
    }

    private static func placement(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader
    ) throws -> CgroupPlacement {
        let text = try reader.string(value, at: path, most: 1024)
        switch text {
        case "automatic": return .automatic
        case "none": return .none
        default:
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard text.hasPrefix("/"), text != "/",
                !parts.dropFirst().contains(where: { ["", ".", ".."].contains($0) })
            else {
                throw reader.error(
                    at: path, "\(path) must be automatic, none, or the path of a group such as /cofferdam")
            }
            return .beneath(text)
        }
    }

    /// The loop's limits with what this section says.
    public func applied(to limits: AgentLimits) -> AgentLimits {
        var limits = limits
        if let seconds = commandSeconds { limits.commandSeconds = seconds }
        // A command that may run so long without being asked for may also be asked for.
        limits.maximumCommandSeconds = max(maximumCommandSeconds ?? limits.maximumCommandSeconds, commandSeconds ?? 0)
        limits.commandSeconds = min(limits.commandSeconds, limits.maximumCommandSeconds)
        if let bytes = outputBytes { limits.commandOutputBytes = bytes }
        return limits
    }
}
