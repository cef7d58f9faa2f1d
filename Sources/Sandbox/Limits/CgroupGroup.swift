import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One group of one sandbox: its directory in one hierarchy.
struct CgroupGroup: Sendable, Equatable {
    var version: CgroupHierarchy.Version
    var directory: String
    /// What it limits or, the freezer, does.
    var controllers: Set<CgroupController>

    private func file(_ name: String) -> String { directory + "/" + name }

    // MARK: Limits

    /// Microseconds in which a share of the processors is given out: the kernel's default.
    private static let period = 100_000
    /// The kernel takes no less.
    private static let leastQuota = 1_000

    /// Sets the limits; those that could be set.
    func apply(_ limits: ResourceLimits) -> Set<CgroupController> {
        var active: Set<CgroupController> = []
        if controllers.contains(.memory), setMemory(limits.memoryBytes) { active.insert(.memory) }
        if controllers.contains(.pids), CgroupFile.write("\(limits.processes)", to: file("pids.max")) == 0 {
            active.insert(.pids)
        }
        if controllers.contains(.cpu), setProcessors(limits.cpuCores) { active.insert(.cpu) }
        return active
    }

    /// The largest process ends when memory runs out, not the whole group (`memory.oom.group` stays off): the group
    /// holds the supervisor too, which is to tell what happened.
    private func setMemory(_ bytes: Int) -> Bool {
        switch version {
        case .one:
            // With swap: never below the limit without, so it is lifted first and set last.
            let swap = file("memory.memsw.limit_in_bytes")
            let hasSwap = CgroupFile.exists(swap)
            if hasSwap { CgroupFile.write("-1", to: swap) }
            guard CgroupFile.write("\(bytes)", to: file("memory.limit_in_bytes")) == 0 else { return false }
            if hasSwap { CgroupFile.write("\(bytes)", to: swap) }
            return true
        case .two:
            guard CgroupFile.write("\(bytes)", to: file("memory.max")) == 0 else { return false }
            // Absent where the kernel has no swap.
            CgroupFile.write("0", to: file("memory.swap.max"))
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
        return file(version == .one ? "memory.oom_control" : "memory.events")
    }

    // MARK: Figures

    func add(to usage: inout CgroupUsage) {
        if controllers.contains(.memory) {
            usage.memoryBytes = CgroupFile.number(file(version == .one ? "memory.usage_in_bytes" : "memory.current"))
            usage.peakMemoryBytes = CgroupFile.number(
                file(version == .one ? "memory.max_usage_in_bytes" : "memory.peak"))
            usage.outOfMemoryKills = oomFile.flatMap { CgroupFile.number("oom_kill", in: $0) }
        }
        if controllers.contains(.pids) {
            usage.processes = CgroupFile.number(file("pids.current"))
            usage.refusedForks = CgroupFile.number("max", in: file("pids.events"))
        }
        if controllers.contains(.cpu), version == .two {
            usage.cpuMicroseconds = CgroupFile.number("usage_usec", in: file("cpu.stat"))
        }
    }

    // MARK: The end

    var processes: [pid_t] { CgroupFile.processes(in: directory) }

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
        guard let name = directory.split(separator: "/").last,
            let groups = CgroupFile.read("/proc/\(process)/cgroup")
        else { return false }
        return groups.split(separator: "\n").contains { $0.hasSuffix("/" + name) }
    }

    /// Removes the directory. Zero, or an errno; a group that is not there is removed.
    func remove() -> Int32 {
        if rmdir(directory) == 0 || errno == ENOENT { return 0 }
        return errno
    }
}
