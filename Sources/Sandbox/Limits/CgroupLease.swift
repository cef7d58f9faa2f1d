import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The control groups of one sandbox, made before it starts and removed after it has ended.
///
/// Taking a lease never fails: what cannot be had is missing from ``report``. The groups stay when the lease is let go
/// of, as a sandbox outlives the service; ``remove()`` removes them.
public final class CgroupLease: Sendable {
    /// Open for reading: its line `oom_kill N` counts the processes of the sandbox that were ended because memory ran
    /// out (`memory.oom_control` of version 1, `memory.events` of version 2). -1: nobody counts. Owned by the lease.
    public let oomDescriptor: Int32
    /// Which limits control groups hold for this sandbox.
    public let active: Set<CgroupController>
    private let groups: [CgroupGroup]
    /// The groups' directories, each with a shared lock: ``sweep(placement:)`` leaves what is locked alone.
    private let directories: [Int32]
    private let placement: CgroupPlacement

    /// How long ``kill()`` tries and ``remove()`` waits; a process that is stuck in the kernel is not to hold up a service.
    private static let patienceMilliseconds = 5_000

    private init(_ parts: Parts, placement: CgroupPlacement) {
        groups = parts.groups
        directories = parts.directories
        active = parts.active
        self.placement = placement
        oomDescriptor =
            active.contains(.memory)
            ? groups.lazy.compactMap(\.oomFile).first.map { open($0, O_RDONLY | O_CLOEXEC) } ?? -1 : -1
    }

    deinit {
        for descriptor in directories { Descriptors.close(descriptor) }
        Descriptors.close(oomDescriptor)
    }

    /// Makes groups for a sandbox of the session `id` with these limits. They are always new: a sandbox of the same session
    /// that is still there keeps its own.
    public static func acquire(
        id: String, limits: ResourceLimits, placement: CgroupPlacement = .automatic
    ) -> CgroupLease {
        var suffix: UInt32 = 0
        _ = cspawn_random(&suffix, 4)
        let name = "\(prefix(of: id))\(suffix)"
        var lease = Parts()
        for parent in CgroupLocator(placement: placement).parents() {
            let group = CgroupGroup(
                version: parent.version, directory: "\(parent.directory)/\(name)", controllers: parent.controllers)
            guard let descriptor = made(group.directory) else { continue }
            group.divide()
            lease.groups.append(group)
            lease.directories.append(descriptor)
            lease.active.formUnion(group.apply(limits))
        }
        return CgroupLease(lease, placement: placement)
    }

    /// The groups that a service before has left for the session `id`; nil when there are none. What belongs to a service
    /// that is alive is not among them.
    ///
    /// - Parameter process: only groups that this process is in.
    public static func find(
        id: String, process: Int32? = nil, placement: CgroupPlacement = .automatic
    ) -> CgroupLease? {
        let memberships = process.map { CgroupFile.read("/proc/\($0)/cgroup") ?? "" }
        var lease = Parts()
        for parent in CgroupLocator(placement: placement).parents() {
            for name in names(in: parent.directory) where name.hasPrefix(prefix(of: id)) {
                if let memberships, !CgroupGroup.memberships(memberships, include: name) { continue }
                let directory = "\(parent.directory)/\(name)"
                guard let descriptor = opened(directory) else { continue }
                guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                    Descriptors.close(descriptor)
                    continue
                }
                _ = flock(descriptor, LOCK_SH | LOCK_NB)
                lease.groups.append(
                    CgroupGroup(version: parent.version, directory: directory, controllers: parent.controllers))
                lease.directories.append(descriptor)
                lease.active.formUnion(parent.controllers)
            }
        }
        return lease.groups.isEmpty ? nil : CgroupLease(lease, placement: placement)
    }

    private struct Parts {
        var groups: [CgroupGroup] = []
        var directories: [Int32] = []
        var active: Set<CgroupController> = []
    }

    /// Makes a directory and locks it. Another service's ``sweep(placement:)`` may take it away until the lock is there.
    private static func made(_ directory: String) -> Int32? {
        for _ in 0..<4 {
            guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { return nil }
            guard let descriptor = opened(directory) else { continue }
            var status = stat()
            if flock(descriptor, LOCK_SH | LOCK_NB) == 0, fstat(descriptor, &status) == 0,
                HostPaths.status(directory)?.st_ino == status.st_ino
            {
                return descriptor
            }
            Descriptors.close(descriptor)
        }
        return nil
    }

    private static func opened(_ directory: String) -> Int32? {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        return descriptor < 0 ? nil : descriptor
    }

    private static let prefix = "cofferdam-"

    /// How the names of a session's groups begin. Letters, digits, `-` and `_` stand for themselves; a session's name has
    /// no others.
    private static func prefix(of id: String) -> String {
        let safe = id.utf8.prefix(128).map { byte -> String in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte == 0x2D || byte == 0x5F
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(byte, radix: 16)
        }
        return prefix + safe.joined() + "."
    }

    private static func names(in directory: String) -> [String] {
        guard let descriptor = opened(directory) else { return [] }
        defer { Descriptors.close(descriptor) }
        return (DirectoryReader.names(of: descriptor) ?? []).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    // MARK: Members

    /// Opens the files to which the sandbox program writes `0` to join, before it has run an instruction of its own. The
    /// caller closes them.
    func openProcessFiles() -> [Int32] { groups.map(\.supervisorFile).compactMap(Self.openToJoin) }

    /// Opens the files to which a command writes `0` to join. They are for the supervisor; the caller closes them.
    func openCommandFiles() -> [Int32] { groups.compactMap(\.commandsFile).compactMap(Self.openToJoin) }

    private static func openToJoin(_ path: String) -> Int32? {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        return descriptor < 0 ? nil : descriptor
    }

    /// Moves a process into the groups of the sandbox's commands. Its children from then on are in them too.
    @discardableResult
    public func enter(_ pid: pid_t) -> Bool {
        var isIn = true
        for group in groups where CgroupFile.write("\(pid)", to: group.commandsFile ?? group.supervisorFile) != 0 {
            isIn = false
        }
        return isIn && !groups.isEmpty
    }

    /// Processes in the groups, by the numbers that the service's process namespace has for them.
    public var processes: [Int32] { Set(groups.flatMap(\.processes)).sorted() }

    /// What its processes have taken.
    public func usage() -> CgroupUsage {
        var usage = CgroupUsage()
        for group in groups { group.add(to: &usage) }
        return usage
    }

    /// Which limits control groups hold for this sandbox, and how to get those that they do not.
    public var report: [Guard] { LimitGuards.report(active: active, placement: placement) }

    // MARK: The end

    /// Kills every process in the groups. Blocking; returns whether none is left.
    @discardableResult
    public func kill() -> Bool {
        let deadline = Descriptors.monotonicMilliseconds() + Self.patienceMilliseconds
        var pause: UInt32 = 500
        while true {
            if processes.isEmpty { return true }
            if !groups.contains(where: { $0.killAtOnce() }) {
                // Frozen or not, all are told to end; frozen, none of them has started another meanwhile.
                freeze(until: min(deadline, Descriptors.monotonicMilliseconds() + 1_000))
                for group in groups { group.killEach() }
                for group in groups { group.thaw() }
            }
            guard Descriptors.monotonicMilliseconds() < deadline else { return processes.isEmpty }
            usleep(pause)
            pause = min(pause * 2, 50_000)
        }
    }

    private func freeze(until deadline: Int) {
        guard groups.contains(where: { $0.controllers.contains(.freezer) }) else { return }
        while !groups.contains(where: { $0.freeze() }), Descriptors.monotonicMilliseconds() < deadline { usleep(1_000) }
    }

    /// Removes the groups, which must be empty. Blocking for a short time while the kernel lets go of them.
    @discardableResult
    public func remove() -> Bool {
        let deadline = Descriptors.monotonicMilliseconds() + Self.patienceMilliseconds
        var rest = groups
        var pause: UInt32 = 500
        while true {
            rest.removeAll { $0.remove() == 0 }
            if rest.isEmpty { return true }
            guard Descriptors.monotonicMilliseconds() < deadline else { return false }
            usleep(pause)
            pause = min(pause * 2, 50_000)
        }
    }

    /// Removes the empty groups of sandboxes whose service has ended. What has processes is for the service that finds its
    /// session again; what another service works with is locked.
    public static func sweep(placement: CgroupPlacement = .automatic) {
        for parent in CgroupLocator(placement: placement).parents() {
            for name in names(in: parent.directory) {
                guard name.hasPrefix(prefix), name != CgroupLocator.serviceName,
                    let descriptor = opened("\(parent.directory)/\(name)")
                else { continue }
                let group = CgroupGroup(
                    version: parent.version, directory: "\(parent.directory)/\(name)", controllers: parent.controllers)
                if group.processes.isEmpty, flock(descriptor, LOCK_EX | LOCK_NB) == 0 { _ = group.remove() }
                Descriptors.close(descriptor)
            }
        }
    }
}
