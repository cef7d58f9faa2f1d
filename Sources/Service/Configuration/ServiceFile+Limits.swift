import Agent
import JSON
import ProjectConfiguration
import Sandbox

/// `limits:` of the ``ServiceFile``: what one sandbox, session or command may take.
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
    /// Bytes of each output stream of a command that are kept; nil: the sandbox's default.
    public var outputBytes: Int?

    public init() {}

    private static let keys = [
        "memory", "cpus", "processes", "openFiles", "fileSize", "workspace", "workspaceFiles", "temporary", "session",
        "command", "maximumCommand", "output", "cgroup",
    ]
    /// The supervisor and a shell need some megabytes; a page less and no sandbox starts.
    private static let leastMemory = 64 << 20
    private static let mostBytes = 1 << 50
    /// A year.
    private static let mostSeconds = 31_536_000

    init(_ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader) throws {
        let members = try reader.object(value, at: path, keys: Self.keys)
        func bytes(_ key: String, from least: Int) throws -> Int? {
            try members[key].map { try reader.bytes($0, at: path[key], within: least...Self.mostBytes) }
        }
        func whole(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
            try members[key].map { try reader.integer($0, at: path[key], within: range) }
        }
        resources.memoryBytes = try bytes("memory", from: Self.leastMemory) ?? resources.memoryBytes
        if let value = members["cpus"] {
            resources.cpuCores = try reader.number(value, at: path["cpus"], within: 0.01...100_000)
        }
        resources.processes = try whole("processes", 16...4_000_000) ?? resources.processes
        resources.openFiles = try whole("openFiles", 64...1_000_000) ?? resources.openFiles
        resources.fileBytes = try bytes("fileSize", from: 1 << 20) ?? resources.fileBytes
        resources.workspaceBytes = try bytes("workspace", from: 1 << 20) ?? resources.workspaceBytes
        resources.workspaceFiles = try whole("workspaceFiles", 100...1_000_000_000) ?? resources.workspaceFiles
        resources.wallSeconds = try whole("session", 1...Self.mostSeconds)
        temporaryBytes = try bytes("temporary", from: 1 << 20)
        commandSeconds = try whole("command", 1...Self.mostSeconds)
        maximumCommandSeconds = try whole("maximumCommand", 1...Self.mostSeconds)
        outputBytes = try bytes("output", from: 4 << 10)
        if let value = members["cgroup"] { cgroup = try Self.placement(value, at: path["cgroup"], reader) }
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
        if let seconds = maximumCommandSeconds { limits.maximumCommandSeconds = seconds }
        if let seconds = commandSeconds { limits.commandSeconds = seconds }
        limits.commandSeconds = min(limits.commandSeconds, limits.maximumCommandSeconds)
        if let bytes = outputBytes { limits.commandOutputBytes = bytes }
        return limits
    }
}
