/// What the processes of a sandbox may take at most, by the kernel's own per-process and per-user limits.
///
/// A command cannot raise them. What it would take beyond fails with an error of its own (or, for a file, the signal
/// SIGXFSZ), which its result then shows.
public struct ResourceLimits: Sendable, Equatable {
    /// Processes and threads together. A parallel build of a large project has some hundreds; a fork bomb ends here.
    public static let defaultProcesses = 4096
    /// Open files of one process. Bundlers and test runners watch thousands of files; what the kernel keeps for
    /// this many is a few megabytes.
    public static let defaultOpenFiles = 8192
    /// Bytes of one file. The largest products of a build are a few gigabytes; a file that grows without end (or a
    /// sparse one of a terabyte that every later walk would have to read) ends here.
    public static let defaultFileBytes = 8 << 30

    /// Counted for the sandbox alone on Linux 5.14 and later, or where it has a user of its own (see
    /// ``LocalDriver``); otherwise together with all other processes of the service's user.
    public var processes: Int
    public var openFiles: Int
    public var fileBytes: Int

    public init(
        processes: Int = Self.defaultProcesses, openFiles: Int = Self.defaultOpenFiles,
        fileBytes: Int = Self.defaultFileBytes
    ) {
        self.processes = processes
        self.openFiles = openFiles
        self.fileBytes = fileBytes
    }
}
