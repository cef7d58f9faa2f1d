import CSpawn

/// What the command line of `cofferdam-supervisor` says.
struct Configuration {
    /// Local socket on which the service connects.
    var control: Int32
    /// Local socket on which the service takes the connections of the proxy ports; -1 for no ports.
    var gateway: Int32 = -1
    /// The open directory of the journal.
    var journal: Int32
    /// Counter of processes that were killed for want of memory; -1 for none.
    var outOfMemory: Int32 = -1
    /// Kept open and nothing else: a lock that lives as long as the sandbox. -1 for none.
    var lock: Int32 = -1
    /// `tasks` or `cgroup.procs` files of the control groups of commands.
    var groups: [Int32] = []
    /// The workspace inside the sandbox.
    var root: String
    /// Directories that Landlock leaves writable; none for no Landlock.
    var writable: [String] = []
    /// The service's user as this user namespace sees it; nil for any.
    var peerUser: UInt32?
    /// How long to go on without a connection.
    var orphanMilliseconds = 15 * 60_000
    /// Bytes of memory of all commands together, for this process to watch; nil where a control group holds it.
    var watchedMemoryBytes: Int?
    /// Limits of every command.
    var limits = cspawn_limits()

    static let usage = """
        usage: cofferdam-supervisor --control-fd N --journal-fd N --root DIRECTORY [--gateway-fd N] [--oom-fd N] \
        [--lock-fd N] [--group-fd N]... [--peer-user N] [--orphan-grace MILLISECONDS] [--identity TEXT] \
        [--processes N] [--open-files N] [--file-bytes N] [--watch-memory BYTES] [--writable DIRECTORY]...
        """

    /// Every descriptor that is not closed.
    var descriptors: [Int32] { [control, gateway, journal, outOfMemory, lock].filter { $0 >= 0 } + groups }

    /// Nil when the arguments make no sense.
    init?(_ arguments: [String]) {
        var descriptors: [String: Int32] = [:]
        var root: String?
        var index = 0
        while index + 1 < arguments.count {
            let name = arguments[index]
            let value = arguments[index + 1]
            switch name {
            case "--control-fd", "--gateway-fd", "--journal-fd", "--oom-fd", "--lock-fd":
                guard let number = Int32(value), number >= 0 else { return nil }
                descriptors[name] = number
            case "--group-fd":
                guard let number = Int32(value), number >= 0, groups.count < 8 else { return nil }
                groups.append(number)
            case "--root":
                root = value
            case "--writable":
                writable.append(value)
            case "--identity":
                // Only there for the service to find this process by.
                break
            case "--peer-user":
                guard let number = UInt32(value) else { return nil }
                peerUser = number
            case "--orphan-grace":
                guard let number = Int(value), (0...Self.longestGrace).contains(number) else { return nil }
                orphanMilliseconds = number
            case "--watch-memory":
                guard let number = Int(value), number > 0 else { return nil }
                watchedMemoryBytes = number
            case "--processes", "--open-files", "--file-bytes":
                guard let number = UInt64(value), number > 0 else { return nil }
                switch name {
                case "--processes": limits.processes = number
                case "--open-files": limits.open_files = number
                default: limits.file_bytes = number
                }
            default:
                return nil
            }
            index += 2
        }
        guard index == arguments.count, let control = descriptors["--control-fd"],
            let journal = descriptors["--journal-fd"], let root, root.hasPrefix("/")
        else { return nil }
        self.control = control
        self.journal = journal
        self.root = root
        gateway = descriptors["--gateway-fd"] ?? -1
        outOfMemory = descriptors["--oom-fd"] ?? -1
        lock = descriptors["--lock-fd"] ?? -1
    }

    /// A year.
    private static let longestGrace = 366 * 86_400_000
}
