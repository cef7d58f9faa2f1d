import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The program `cofferdam-supervisor`.
public enum SupervisorProgram {
    /// Runs until nobody wants the sandbox any more; `arguments` without the program's name. Gives the exit code.
    public static func run(_ arguments: [String]) -> Int32 {
        guard let configuration = Configuration(arguments) else { return complain(Configuration.usage, code: 64) }
        // First of all: commands run under our user and must not reach our descriptors through /proc.
        guard cspawn_set_undumpable() == 0 else { return complain("cannot protect itself", code: 71) }
        closeOthers(keeping: configuration.descriptors)
        _ = signal(SIGPIPE, SIG_IGN)
        umask(0o022)
        // Set here and not before: since Linux 5.14 processes are counted for the user namespace in which they run, and
        // this process is in the sandbox's. Every command inherits the limits and none can raise them.
        var limits = configuration.limits
        guard cspawn_set_limits(&limits) == 0 else { return complain("cannot set its limits", code: 71) }
        // Orphans of commands come to us, also where we are not the first process.
        _ = cspawn_set_subreaper()

        guard confine(configuration) else { return complain("cannot confine itself", code: 71) }

        let childSignal = cspawn_child_signal()
        let nullDevice = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let recorder = Recorder()
        guard childSignal >= 0, nullDevice >= 0, let recorder else {
            return complain("cannot open what it needs", code: 71)
        }
        guard let files = FileService(root: configuration.root) else {
            return complain("cannot open the workspace \(configuration.root): \(System.text(of: errno))", code: 66)
        }
        for descriptor in configuration.descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let door = Door(listener: configuration.control, peerUser: configuration.peerUser)
        var proxies: ProxyPorts?
        if configuration.gateway >= 0 {
            proxies = ProxyPorts(door: Door(listener: configuration.gateway, peerUser: configuration.peerUser))
            guard proxies != nil else { return complain("cannot listen on the proxy ports", code: 71) }
        }
        let supervisor = Supervisor(
            door: door, journal: Journal(directory: configuration.journal), files: files, childSignal: childSignal,
            nullDevice: nullDevice, recorder: recorder, proxies: proxies,
            memory: OutOfMemoryCounter(descriptor: configuration.outOfMemory),
            orphanNanoseconds: configuration.orphanMilliseconds * 1_000_000)
        supervisor.groups = configuration.groups
        supervisor.watch = MemoryWatch(limitBytes: configuration.watchedMemoryBytes)
        return supervisor.run()
    }

    /// Landlock, inherited by every command; true where the kernel has none. Before any thread is made. One boundary around
    /// all of them and not one each: commands may look at and signal each other, as on any machine.
    private static func confine(_ configuration: Configuration) -> Bool {
        guard !configuration.writable.isEmpty else { return true }
        let writable = CStrings(configuration.writable)
        let code = withExtendedLifetime(writable) { cspawn_landlock(writable.pointer, configuration.journal) }
        return code == 0 || code == -ENOSYS
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
