import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension LocalDriver {
    /// The guards of this driver and which are active on this machine for this process, most important first.
    ///
    /// Blocking: starts a process.
    /// - Parameter cgroup: where the sandboxes' control groups are made.
    public static func guards(cgroup: CgroupPlacement = .automatic) -> [Guard] {
        [namespaces(), ownUser(), filter(), landlock()] + limits(cgroup) + [OverlayProbe.report(), toolchains()]
    }

    /// Looks once for the guards without which this driver makes no sandbox, so that a service can refuse to start.
    ///
    /// Blocking: starts a process.
    /// - Throws: ``SandboxError/guardMissing(name:advice:)`` with how to get it.
    public func checkRequired() throws(SandboxError) {
        if !required.isEmpty { try Self.check(required, cgroup: cgroup) }
    }

    static func check(_ required: Set<String>, cgroup: CgroupPlacement) throws(SandboxError) {
        let known = guards(cgroup: cgroup)
        for name in required.sorted() {
            guard let found = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                throw .guardMissing(name: name, advice: "There is no guard of that name; there are: \(names).")
            }
            guard found.active else { throw .guardMissing(name: name, advice: found.advice) }
        }
    }

    private static func namespaces() -> Guard {
        let name = "namespaces"
        guard let program = HostPaths.find("bwrap") else {
            return Guard(name: name, active: false, advice: SandboxError.bubblewrapMissing.description)
        }
        let arguments = [
            "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--die-with-parent",
            "--ro-bind", "/", "/", "--", program, "--version",
        ]
        let works = HostProgram.succeeds([program], arguments)
        let advice =
            works
            ? "User, mount, process, IPC, host name, cgroup and network namespaces; no capabilities; no new user namespaces."
            : "bubblewrap cannot make them. It must be 0.8 or later, and user namespaces must be allowed: see the sysctls "
                + "kernel.unprivileged_userns_clone, user.max_user_namespaces and "
                + "kernel.apparmor_restrict_unprivileged_userns."
        return Guard(name: name, active: works, advice: advice)
    }

    static let ownUserName = "user of its own"

    private static func ownUser() -> Guard {
        if let range = SessionUser.availableRange() {
            let last = range.first + range.count - 1
            return Guard(
                name: ownUserName, active: true,
                advice: "Every sandbox runs as another user, \(range.first) to \(last).")
        }
        let ordinary =
            "Sandboxes run as this user and are kept apart from it by namespaces only; a service that root starts gives each "
            + "a user of its own."
        return Guard(name: ownUserName, active: false, advice: SessionUser.objection() ?? ordinary)
    }

    private static func filter() -> Guard {
        let works = SyscallFilter.isAvailable
        return Guard(
            name: "system call filter", active: works,
            advice: works
                ? "Mounts, other processes' memory, keys, kernel interfaces and socket families but local and IP are refused."
                : "It is made for x86-64 and 64-bit ARM, on a kernel with CONFIG_SECCOMP_FILTER. Without it no sandbox "
                    + "starts.")
    }

    /// From this version of its interface on signals and abstract socket names are confined as well.
    private static let landlockWithScopes = 6

    private static func landlock() -> Guard {
        let version = Int(cspawn_landlock_version())
        let advice =
            switch version {
            case landlockWithScopes...:
                "Version \(version): a second boundary around files, signals and abstract sockets, beside the namespaces."
            case Int(CSPAWN_LANDLOCK_LEAST)...:
                "Version \(version): a second boundary around files, beside the mount namespace. Linux 6.12 adds signals and "
                    + "abstract sockets."
            case 1:
                "Version 1 is too old (files could not be moved between directories). Linux 5.19 or later has more."
            default:
                "The kernel has none: files are confined by the mount namespace alone. It needs Linux 5.19 or later with "
                    + "CONFIG_SECURITY_LANDLOCK, and landlock among the modules of the boot parameter lsm=."
            }
        return Guard(name: "Landlock", active: version >= Int(CSPAWN_LANDLOCK_LEAST), advice: advice)
    }

    /// Makes control groups as for a sandbox, and removes them.
    private static func limits(_ placement: CgroupPlacement) -> [Guard] {
        let lease = CgroupLease.acquire(id: "probe", limits: ResourceLimits(), placement: placement)
        defer { lease.remove() }
        return lease.report
    }

    private static func toolchains() -> Guard {
        let found = Toolchains(extra: [], detect: true, workspace: "", forOthers: SessionUser.availableRange() != nil)
        let advice =
            found.unreadable.isEmpty
            ? "All compilers and interpreters that were found can be used in a sandbox."
            : "Closed to the sandbox's user and therefore missing in it: \(found.unreadable.joined(separator: ", ")). "
                + "Open them for reading (chmod o+rx), or install them in /usr or /opt."
        return Guard(name: "readable toolchains", active: found.unreadable.isEmpty, advice: advice)
    }
}
