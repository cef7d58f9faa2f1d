/// The argument list of bubblewrap: what a sandbox sees. The order matters, later mounts cover earlier ones.
struct BubblewrapArguments {
    let spec: SandboxSpec
    let state: StateDirectory
    let supervisor: SupervisorBinary
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
            "--as-pid-1", "--die-with-parent",
            // No controlling terminal, so nothing can be typed into the one of the service (TIOCSTI).
            "--new-session", "--hostname", "cofferdam", "--clearenv",
            "--json-status-fd", "\(SandboxLayout.statusDescriptor)",
            "--seccomp", "\(SandboxLayout.filterDescriptor)",
            "--ro-bind", "/usr", "/usr",
        ]
        list += systemLinks()
        list += etcMounts(place(state.etc))
        let empty = place(state.empty)
        let size = "\(max(1 << 20, spec.maximumTemporaryBytes))"
        // Read-only, although no sandbox runs as root: user 0 may write to much of /proc/sys and to sysrq-trigger without
        // any capability, and core_pattern alone is code execution on the host.
        list += ["--proc", "/proc"]
        for name in Self.maskedFiles where HostPaths.status("/proc/\(name)") != nil {
            list += ["--ro-bind", "/dev/null", "/proc/\(name)"]
        }
        list += ["--remount-ro", "/proc"]
        list += ["--dev", "/dev", "--size", size, "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        list += ["--size", size, "--perms", "1777", "--tmpfs", "/tmp"]
        list += ["--size", size, "--perms", "0755", "--tmpfs", SandboxLayout.home]
        list += ["--dir", "/var", "--symlink", "../tmp", "/var/tmp"]
        for directory in toolchains.mounts { list += ["--ro-bind", place(directory), directory] }
        list += ["--ro-bind", place(supervisor.path), SandboxLayout.supervisor]
        list += ["--bind", place(state.merged), spec.workspacePath]
        list += repositoryPlaceholder(empty)
        // What bubblewrap's own root file system holds is memory without a bound: closed last.
        list += ["--remount-ro", "/", "--chdir", spec.workspacePath, "--", SandboxLayout.supervisor]
        list += ["--fd", "\(SandboxLayout.controlDescriptor)", "--journal-fd", "\(SandboxLayout.journalDescriptor)"]
        list += ["--processes", "\(max(1, spec.limits.processes))"]
        list += ["--open-files", "\(max(64, spec.limits.openFiles))"]
        list += ["--file-bytes", "\(max(1 << 20, spec.limits.fileBytes))"]
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

    /// `/bin` and the like as the host has them: links on a merged system, directories otherwise.
    private func systemLinks() -> [String] {
        ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].flatMap { name -> [String] in
            if let target = HostPaths.linkTarget("/\(name)") { return ["--symlink", target, "/\(name)"] }
            return HostPaths.isDirectory("/\(name)") ? ["--ro-bind", "/\(name)", "/\(name)"] : []
        }
    }

    /// The session's own /etc with the host's directories in it.
    private func etcMounts(_ directory: String) -> [String] {
        var list = ["--bind", directory, "/etc"]
        // Their mount points were made with the directory.
        for name in Self.etc where HostPaths.isDirectory("/etc/\(name)") {
            list += ["--ro-bind", "/etc/\(name)", "/etc/\(name)"]
        }
        return list + ["--remount-ro", "/etc"]
    }

    /// What every command's environment starts from.
    func environment() -> [String: String] {
        var variables = [
            "PATH": (toolchains.path + SandboxLayout.systemPath).joined(separator: ":"),
            "HOME": SandboxLayout.home,
            "USER": "agent",
            "LOGNAME": "agent",
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "TMPDIR": "/tmp",
        ]
        variables.merge(toolchains.environment) { _, new in new }
        variables.merge(spec.environment) { _, new in new }
        return variables
    }
}
