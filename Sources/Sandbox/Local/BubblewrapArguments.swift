/// The argument list of bubblewrap: what a sandbox sees. The order matters, later mounts cover earlier ones.
struct BubblewrapArguments {
    let spec: SandboxSpec
    let state: StateDirectory
    let supervisor: SupervisorBinary
    /// What the supervisor needs in a root file system that is not the host's.
    let runtime: SupervisorRuntime?
    let toolchains: Toolchains

    /// Directories of the host's /etc that compilers, interpreters and TLS libraries read; none holds anything private.
    /// Each mount costs a fraction of a millisecond at every start, so small files are copied instead
    /// (``StateDirectory``).
    static let etc = [
        "alternatives", "ssl/certs", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk", "python3", "python3.11",
        "python3.12", "python3.13", "perl", "fonts",
    ]

    /// Files of the host's /proc that everybody may read and that tell about the host, its start and its other users.
    /// What only root may open (kcore, kmsg, timer_list, sysrq-trigger) is closed by that: no sandbox runs as root.
    /// Not `/proc/sys`: programs read it. Each costs a mount at every start.
    private static let maskedFiles = ["keys", "kallsyms", "cmdline", "interrupts"]

    /// `place` tells where a path of the host stands when bubblewrap starts.
    func build(place: (String) -> String) -> [String] {
        // The user namespace is a must (without it root would keep its rights over the host's files), and none may be
        // made inside it: that would give the capabilities back within it and with them more of the kernel to attack.
        var list = [
            "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL",
            // The supervisor is process 1 itself: only then does a signal from outside reach it and not a middleman.
            // It outlives the service (no --die-with-parent) and ends by itself when no other one comes.
            "--as-pid-1",
            // No controlling terminal, so nothing can be typed into the one of the service (TIOCSTI).
            "--new-session", "--hostname", "cofferdam", "--clearenv",
            "--json-status-fd", "\(SandboxLayout.statusDescriptor)",
            "--seccomp", "\(SandboxLayout.filterDescriptor)",
        ]
        list += rootMounts(place)
        let empty = place(state.empty)
        // Three of them: full, they must leave memory to run in, or the kernel has nothing to end but the supervisor.
        let size = "\(max(1 << 20, min(spec.maximumTemporaryBytes, spec.limits.memoryBytes / 4)))"
        // Read-only, although no sandbox runs as root: user 0 may write to much of /proc/sys and to sysrq-trigger without
        // any capability, and core_pattern alone is code execution on the host.
        list += ["--proc", "/proc"]
        for name in Self.maskedFiles where HostPaths.status("/proc/\(name)") != nil {
            list += ["--ro-bind", "/dev/null", "/proc/\(name)"]
        }
        list += ["--remount-ro", "/proc"]
        list += ["--dev", "/dev", "--size", size, "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        list += ["--size", size, "--perms", "1777", "--tmpfs", "/tmp"]
        list += homeMount(place, size)
        for directory in toolchains.mounts { list += ["--ro-bind", place(directory), directory] }
        list += supervisorMounts(place)
        list += ["--bind", place(state.workspaceSource), spec.workspacePath]
        list += repositoryPlaceholder(empty)
        // What bubblewrap's own root file system holds is memory without a bound: closed last.
        list += ["--remount-ro", "/", "--chdir", spec.workspacePath, "--"] + supervisorCommand
        list += [
            "--control-fd", "\(SandboxLayout.controlDescriptor)", "--journal-fd", "\(SandboxLayout.journalDescriptor)",
        ]
        list += ["--processes", "\(max(1, spec.limits.processes))"]
        list += ["--open-files", "\(max(64, spec.limits.openFiles))"]
        list += ["--file-bytes", "\(max(1 << 20, spec.limits.fileBytes))"]
        // Once more by path, for Landlock.
        for directory in [spec.workspacePath, "/tmp", SandboxLayout.home, "/dev/shm"] {
            list += ["--writable", directory]
        }
        list += ["--orphan-grace", "\(spec.orphanGrace.wholeMilliseconds)"]
        list += ["--root", spec.workspacePath]
        return list
    }

    /// The workspace's repository is not in the snapshot. What stands in its place is empty and closed, so that no
    /// command can put hooks or configuration there for a git outside to run. A mount point cannot be moved away either.
    private func repositoryPlaceholder(_ empty: String) -> [String] {
        let path = "/.git"
        guard let status = HostPaths.status(spec.base + path, follow: false), status.st_mode & 0o170_000 != 0o040_000
        else { return ["--ro-bind", empty, spec.workspacePath + path] }
        // A file, as in a worktree of git's; links are refused beforehand.
        return ["--ro-bind", "/dev/null", spec.workspacePath + path]
    }

    /// What every command's environment starts from.
    func environment() -> [String: String] {
        var variables = [
            "PATH": (toolchains.path + SandboxLayout.systemPath).joined(separator: ":"),
            "HOME": SandboxLayout.home,
            "USER": spec.userName,
            "LOGNAME": spec.userName,
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "TMPDIR": "/tmp",
        ]
        variables.merge(toolchains.environment) { _, new in new }
        variables.merge(spec.environment) { _, new in new }
        return variables
    }
}
