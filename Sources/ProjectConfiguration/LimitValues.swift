import JSON

/// `limits:` of a configuration file: what one sandbox or command may take. What is nil is not said.
///
///     limits:
///       memory: 4 GiB          # of all processes together, /tmp included
///       cpus: 2                # processors' worth of time
///       processes: 1000        # and threads
///       openFiles: 4096        # of each process
///       fileSize: 1 GiB        # of each file
///       workspace: 8 GiB       # what a session may add on disk
///       workspaceFiles: 500000
///       command: 300           # seconds that a command may run
///       output: 16 MiB         # of each stream of a command that is kept
///
/// The service's file sets them; a repository's can only lower what the service allows.
public struct LimitValues: Sendable, Equatable, Codable {
    public var memoryBytes: Int?
    public var cpus: Double?
    public var processes: Int?
    public var openFiles: Int?
    public var fileBytes: Int?
    public var workspaceBytes: Int?
    public var workspaceFiles: Int?
    public var commandSeconds: Int?
    public var outputBytes: Int?

    public static let keys = [
        "memory", "cpus", "processes", "openFiles", "fileSize", "workspace", "workspaceFiles", "command", "output",
    ]
    /// The supervisor and a shell need some megabytes; a page less and no sandbox starts.
    private static let leastMemory = 64 << 20
    private static let mostBytes = 1 << 50
    /// A year.
    public static let mostSeconds = 31_536_000

    public init() {}

    /// - Parameter others: further keys that the mapping may have, for the caller to read.
    public init(
        _ value: JSON, at path: YAMLPath, _ reader: ConfigurationReader, others: [String] = []
    ) throws(ConfigurationError) {
        let members = try reader.object(value, at: path, keys: Self.keys + others)
        func bytes(_ key: String, from least: Int) throws(ConfigurationError) -> Int? {
            guard let value = members[key] else { return nil }
            return try reader.bytes(value, at: path[key], within: least...Self.mostBytes)
        }
        func whole(_ key: String, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
            guard let value = members[key] else { return nil }
            return try reader.integer(value, at: path[key], within: range)
        }
        memoryBytes = try bytes("memory", from: Self.leastMemory)
        if let value = members["cpus"] { cpus = try reader.number(value, at: path["cpus"], within: 0.01...100_000) }
        processes = try whole("processes", 16...4_000_000)
        openFiles = try whole("openFiles", 64...1_000_000)
        fileBytes = try bytes("fileSize", from: 1 << 20)
        workspaceBytes = try bytes("workspace", from: 1 << 20)
        workspaceFiles = try whole("workspaceFiles", 100...1_000_000_000)
        commandSeconds = try whole("command", 1...Self.mostSeconds)
        outputBytes = try bytes("output", from: 4 << 10)
    }
}
