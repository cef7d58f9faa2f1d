import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The program `cofferdam-supervisor`.
public enum SupervisorProgram {
    /// Runs until the control stream ends; `arguments` without the program's name. Gives the exit code.
    public static func run(_ arguments: [String]) -> Int32 {
        guard let configuration = Configuration(arguments) else { return complain(Configuration.usage, code: 64) }
        // First of all: commands run under our user and must not reach our descriptors through /proc.
        guard cspawn_set_undumpable() == 0 else { return complain("cannot protect itself", code: 71) }
        closeOthers(keeping: [configuration.input, configuration.output, configuration.journal])
        _ = signal(SIGPIPE, SIG_IGN)
        umask(0o022)
        // Set here and not before: since Linux 5.14 processes are counted for the user namespace in which they run, and
        // this process is in the sandbox's. Every command inherits the limits and none can raise them.
        var limits = configuration.limits
        guard cspawn_set_limits(&limits) == 0 else { return complain("cannot set its limits", code: 71) }
        // Orphans of commands come to us, also where we are not the first process.
        _ = cspawn_set_subreaper()

        let childSignal = cspawn_child_signal()
        let nullDevice = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard childSignal >= 0, nullDevice >= 0 else { return complain("cannot open what it needs", code: 71) }
        guard let files = FileService(root: configuration.root) else {
            return complain("cannot open the workspace \(configuration.root): \(System.text(of: errno))", code: 66)
        }
        _ = fcntl(configuration.journal, F_SETFD, FD_CLOEXEC)
        let supervisor = Supervisor(
            channel: ControlChannel(input: configuration.input, output: configuration.output),
            journal: Journal(directory: configuration.journal), files: files, childSignal: childSignal,
            nullDevice: nullDevice)
        return supervisor.run()
    }

    /// The last words go to standard error, which the service keeps for its message.
    private static func complain(_ text: String, code: Int32) -> Int32 {
        let line = Array("cofferdam-supervisor: \(text)\n".utf8)
        _ = line.withUnsafeBytes { System.writeAll(2, $0) }
        return code
    }

    /// Closes every descriptor above standard error that is not ours.
    private static func closeOthers(keeping kept: [Int32]) {
        var first: UInt32 = 3
        for descriptor in Set(kept).sorted() where descriptor >= 3 {
            if UInt32(descriptor) > first { _ = cspawn_close_range(first, UInt32(descriptor) - 1) }
            first = UInt32(descriptor) + 1
        }
        _ = cspawn_close_range(first, .max)
    }
}
