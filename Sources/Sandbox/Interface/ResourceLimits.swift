#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a sandbox may take at most, by control groups where they can be had (see ``CgroupLease``), by the kernel's
/// per-process and per-user limits, and by a watch of our own.
///
/// A command cannot raise them. What it would take beyond fails with an error of its own (or, for a file, the signal
/// SIGXFSZ), or ends the command; its result then shows which limit it was.
public struct ResourceLimits: Sendable, Equatable, Codable {
    /// Processes and threads together. A parallel build of a large project has some hundreds; a fork bomb ends here.
    public static let defaultProcesses = 4096
    /// Open files of one process. Bundlers and test runners watch thousands of files; what the kernel keeps for
    /// this many is a few megabytes.
    public static let defaultOpenFiles = 8192
    /// Bytes of one file. The largest products of a build are a few gigabytes; a file that grows without end (or a
    /// sparse one of a terabyte that every later walk would have to read) ends here.
    public static let defaultFileBytes = 8 << 30
    /// Physical memory of this machine.
    public static var hostMemoryBytes: Int { Host.memoryBytes }
    /// Bytes of memory: eight gigabytes, which the link step of a large project needs, but never more than three
    /// quarters of the machine's, so that the service and the user's own programs go on.
    public static let defaultMemoryBytes = min(8 << 30, Host.memoryBytes / 4 * 3)
    /// Processors: all of them. Sandboxes share them evenly while several want to work.
    public static let defaultCPUCores = Double(Host.processors)
    /// Bytes on disk that the session may add to the workspace: build products of a large project, twice over.
    public static let defaultWorkspaceBytes = 16 << 30
    /// Files and directories that the session may add to the workspace. The largest trees of dependencies have some
    /// hundred thousand.
    public static let defaultWorkspaceFiles = 2_000_000

    /// Counted for the sandbox alone where it has a control group, on Linux 5.14 and later, or where it has a user of
    /// its own (see ``LocalDriver``); otherwise together with all other processes of the service's user.
    public var processes: Int
    public var openFiles: Int
    public var fileBytes: Int
    /// Of all processes of the sandbox together, with what they keep in `/tmp`, the home directory and `/dev/shm`.
    public var memoryBytes: Int
    /// Processors' worth of time, such as 1.5. From the number of the machine's processors on there is no fixed bound.
    public var cpuCores: Double
    /// Beyond this the running commands end and nothing more is written; beyond twice this the sandbox ends.
    public var workspaceBytes: Int
    /// As ``workspaceBytes``, of files, directories and links.
    public var workspaceFiles: Int
    /// Seconds that the session may last; nil: no bound.
    public var wallSeconds: Int?

    public init(
        processes: Int = Self.defaultProcesses, openFiles: Int = Self.defaultOpenFiles,
        fileBytes: Int = Self.defaultFileBytes, memoryBytes: Int = Self.defaultMemoryBytes,
        cpuCores: Double = Self.defaultCPUCores, workspaceBytes: Int = Self.defaultWorkspaceBytes,
        workspaceFiles: Int = Self.defaultWorkspaceFiles, wallSeconds: Int? = nil
    ) {
        self.processes = processes
        self.openFiles = openFiles
        self.fileBytes = fileBytes
        self.memoryBytes = memoryBytes
        self.cpuCores = cpuCores
        self.workspaceBytes = workspaceBytes
        self.workspaceFiles = workspaceFiles
        self.wallSeconds = wallSeconds
    }
}

/// What this machine has.
enum Host {
    /// Of physical memory.
    static let memoryBytes: Int = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let size = sysconf(Int32(_SC_PAGESIZE))
        // A machine that does not say is taken for a small one.
        guard pages > 0, size > 0 else { return 4 << 30 }
        return pages * size
    }()

    /// Online processors.
    static let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
