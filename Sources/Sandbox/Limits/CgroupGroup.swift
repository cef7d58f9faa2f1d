import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The groups of one sandbox in one hierarchy: one for all of it and, where memory or processes are limited, one beneath
/// it for its commands. When those have taken all, the kernel ends one of them and never the supervisor, which has to tell
/// of it; and the supervisor can still start a process.
struct CgroupGroup: Sendable, Equatable {
    var version: CgroupHierarchy.Version
    var directory: String
    /// What it limits or, the freezer, does.
    var controllers: Set<CgroupController>

    /// Directories beneath it. In version 2 processes cannot be in a group that has controllers beneath it.
    private static let commandsName = "commands"
    private static let supervisorName = "supervisor"
    /// What the supervisor may take on top of its commands: many times its size.
    private static let supervisorBytes = 128 << 20
    private static let supervisorProcesses = 32

    private static let divided: Set<CgroupController> = [.memory, .pids]

    private func file(_ name: String) -> String { directory + "/" + name }

    private var commandsDirectory: String { directory + "/" + Self.commandsName }
    private var supervisorDirectory: String { directory + "/" + Self.supervisorName }
    /// From the innermost.
    private var directories: [String] { [commandsDirectory, supervisorDirectory, directory] }

    /// Makes what belongs beneath the directory; without it all are in one group.
    func divide() {
        let divided = controllers.intersection(Self.divided)
        guard !divided.isEmpty else { return }
        if version == .two {
            guard mkdir(supervisorDirectory, 0o755) == 0 || errno == EEXIST else { return }
            for controller in divided {
                CgroupFile.write("+\(controller.rawValue)", to: file("cgroup.subtree_control"))
            }
            let enabled = CgroupFile.words(file("cgroup.subtree_control"))
            guard divided.allSatisfy({ enabled.contains($0.rawValue) }) else { return }
        }
        mkdir(commandsDirectory, 0o755)
    }

    private var isDivided: Bool { CgroupFile.exists(commandsDirectory + "/cgroup.procs") }

    /// Where the sandbox program and the supervisor belong.
    var supervisorFile: String {
        let inner = supervisorDirectory + "/cgroup.procs"
        return version == .two && CgroupFile.exists(inner) ? inner : directory + joinFile
    }

    /// Where commands belong; nil: with the supervisor.
    var commandsFile: String? { isDivided ? commandsDirectory + joinFile : nil }

    /// What a process that has just been made writes itself to. For `cgroup.procs` the kernel holds up the forks of the
    /// whole system and waits for all processors (some 20 ms); of a single thread that moves itself it need not, which
    /// version 1 has `tasks` for.
    private var joinFile: String {
        version == .one && CgroupFile.exists(directory + "/tasks") ? "/tasks" : "/cgroup.procs"
    }

    // MARK: Limits

    /// Microseconds in which a share of the processors is given out: the kernel's default.
    private static let period = 100_000
    /// The kernel takes no less.
    private static let leastQuota = 1_000

    /// Sets the limits; those that could be set.
    func apply(_ limits: ResourceLimits) -> Set<CgroupController> {
        var active: Set<CgroupController> = []
        let inner = isDivided ? commandsDirectory : directory
        if controllers.contains(.memory), setMemory(limits.memoryBytes, in: inner) {
            active.insert(.memory)
            if isDivided { _ = setMemory(limits.memoryBytes + Self.supervisorBytes, in: directory) }
        }
        if controllers.contains(.pids), CgroupFile.write("\(limits.processes)", to: inner + "/pids.max") == 0 {
            active.insert(.pids)
            if isDivided { CgroupFile.write("\(limits.processes + Self.supervisorProcesses)", to: file("pids.max")) }
        }
        if controllers.contains(.cpu), setProcessors(limits.cpuCores) { active.insert(.cpu) }
        return active
    }

    /// The largest process ends when memory runs out, not the whole group (`memory.oom.group` stays off): what a command
    /// has left of its own is its to report.
    private func setMemory(_ bytes: Int, in directory: String) -> Bool {
        switch version {
        case .one:
            // With swap: never below the limit without, so it is lifted first and set last.
            let swap = directory + "/memory.memsw.limit_in_bytes"
            let hasSwap = CgroupFile.exists(swap)
            if hasSwap { CgroupFile.write("-1", to: swap) }
            guard CgroupFile.write("\(bytes)", to: directory + "/memory.limit_in_bytes") == 0 else { return false }
            if hasSwap { CgroupFile.write("\(bytes)", to: swap) }
            return true
        case .two:
            guard CgroupFile.write("\(bytes)", to: directory + "/memory.max") == 0 else { return false }
            // Absent where the kernel has no swap.
            CgroupFile.write("0", to: directory + "/memory.swap.max")
            return true
        }
    }

    /// All groups have the same weight, so that sandboxes share what there is evenly; the quota is for less than all.
    private func setProcessors(_ cores: Double) -> Bool {
        let quota = max(Self.leastQuota, Int((cores * Double(Self.period)).rounded()))
        let isBounded = cores < Double(Host.processors)
        switch version {
        case .one:
            CgroupFile.write("\(Self.period)", to: file("cpu.cfs_period_us"))
            return CgroupFile.write(isBounded ? "\(quota)" : "-1", to: file("cpu.cfs_quota_us")) == 0
        case .two:
            return CgroupFile.write("\(isBounded ? "\(quota)" : "max") \(Self.period)", to: file("cpu.max")) == 0
        }
    }

    /// The file whose line `oom_kill N` counts.
    var oomFile: String? {
        guard controllers.contains(.memory) else { return nil }
        return (isDivided ? commandsDirectory : directory)
            + (version == .one ? "/memory.oom_control" : "/memory.events")
    }

    // MARK: Figures

    /// Of the commands, where they have a group of their own.
    func add(to usage: inout CgroupUsage) {
        let inner = isDivided ? commandsDirectory : directory
        if controllers.contains(.memory) {
            usage.memoryBytes = CgroupFile.number(
                inner + (version == .one ? "/memory.usage_in_bytes" : "/memory.current"))
            usage.peakMemoryBytes = CgroupFile.number(
                inner + (version == .one ? "/memory.max_usage_in_bytes" : "/memory.peak"))
            usage.outOfMemoryKills = oomFile.flatMap { CgroupFile.number("oom_kill", in: $0) }
        }
        if controllers.contains(.pids) {
            usage.processes = CgroupFile.number(inner + "/pids.current")
            usage.refusedForks = CgroupFile.number("max", in: inner + "/pids.events")
        }
        if controllers.contains(.cpu), version == .two {
            usage.cpuMicroseconds = CgroupFile.number("usage_usec", in: file("cpu.stat"))
        }
    }

    // MARK: The end

    var processes: [pid_t] { directories.flatMap { CgroupFile.processes(in: $0) } }

    /// Stops every process of the group where it stands, so that none starts another; returns whether that is done.
    func freeze() -> Bool {
        guard version == .one, controllers.contains(.freezer) else { return false }
        guard CgroupFile.write("FROZEN", to: file("freezer.state")) == 0 else { return false }
        return CgroupFile.words(file("freezer.state")).first == "FROZEN"
    }

    func thaw() {
        guard version == .one, controllers.contains(.freezer) else { return }
        CgroupFile.write("THAWED", to: file("freezer.state"))
    }

    /// Version 2 on Linux 5.14 and later: kills all at once, also what is just being forked.
    func killAtOnce() -> Bool {
        version == .two && CgroupFile.write("1", to: file("cgroup.kill")) == 0
    }

    /// Signals each process by a descriptor, after it is certain that its number is still one of this group.
    func killEach() {
        for process in processes {
            let descriptor = cspawn_pidfd_open(process)
            guard descriptor >= 0 else { continue }
            defer { Descriptors.close(descriptor) }
            if isMember(process) { _ = cspawn_pidfd_signal(descriptor, SIGKILL) }
        }
    }

    private func isMember(_ process: pid_t) -> Bool {
        guard let name = directory.split(separator: "/").last, let groups = CgroupFile.read("/proc/\(process)/cgroup")
        else { return false }
        return Self.memberships(groups, include: String(name))
    }

    /// Whether `/proc/PID/cgroup` has a group of that name, or one beneath it.
    static func memberships(_ text: String, include name: String) -> Bool {
        text.split(separator: "\n").contains { $0.split(separator: "/").dropFirst().contains { $0 == name } }
    }

    /// Removes the directories. Zero, or an errno; a group that is not there is removed.
    func remove() -> Int32 {
        for directory in directories where rmdir(directory) != 0 && errno != ENOENT { return errno }
        return 0
    }
}
