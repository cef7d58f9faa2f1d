/// The argument list of bubblewrap: what a sandbox sees. The order matters, later mounts cover earlier ones.
struct BubblewrapArguments {
    let spec: SandboxSpec
    let state: StateDirectory
    let supervisor: SupervisorBinary
    let toolchains: Toolchains

    /// Directories of the host's /etc that compilers, interpreters and TLS libraries read; none holds anything private.
    /// Each mount costs a fraction of a millisecond at every start, so small files are copied instead
    /// (``StateDirectory``).
    private static let etc = [
        "alternatives", "ssl/certs", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk", "python3", "python3.11",
        "python3.12", "python3.13", "perl", "fonts",
    ]

    func build() -> [String] {
        // The user namespace is a must (without it root would keep its rights over the host's files), and none may be
        // made inside it: that would give the capabilities back within it and with them more of the kernel to attack.
        var list = [
            "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL",
            // The supervisor is process 1 itself: only then does a signal from outside reach it and not a middleman.
            "--as-pid-1", "--die-with-parent",
            // No controlling terminal, so nothing can be typed into the one of the service (TIOCSTI).
            "--new-session", "--hostname", "cofferdam", "--clearenv",
            "--json-status-fd", "\(SandboxLayout.statusDescriptor)",
            "--ro-bind", "/usr", "/usr",
        ]
        list += systemLinks()
        list += etcMounts()
        let size = "\(max(1 << 20, spec.maximumTemporaryBytes))"
        // Read-only: user 0 may write to much of /proc/sys and to sysrq-trigger without any capability (core_pattern alone
        // is code execution on the host), and under a service that runs as root it is user 0 in here as well.
        list += ["--proc", "/proc", "--remount-ro", "/proc"]
        list += ["--dev", "/dev", "--size", size, "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        list += ["--size", size, "--perms", "1777", "--tmpfs", "/tmp"]
        list += ["--size", size, "--perms", "0755", "--tmpfs", SandboxLayout.home]
        list += ["--dir", "/var", "--symlink", "../tmp", "/var/tmp"]
        for directory in toolchains.mounts { list += ["--ro-bind", directory, directory] }
        list += ["--ro-bind", supervisor.path, SandboxLayout.supervisor]
        list += ["--bind", state.merged, spec.workspacePath]
        // What bubblewrap's own root file system holds is memory without a bound: closed last.
        list += ["--remount-ro", "/", "--chdir", spec.workspacePath, "--", SandboxLayout.supervisor]
        list += ["--fd", "\(SandboxLayout.controlDescriptor)", "--journal-fd", "\(SandboxLayout.journalDescriptor)"]
        list += ["--root", spec.workspacePath]
        return list
    }

    /// `/bin` and the like as the host has them: links on a merged system, directories otherwise.
    private func systemLinks() -> [String] {
        ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].flatMap { name -> [String] in
            if let target = HostPaths.linkTarget("/\(name)") { return ["--symlink", target, "/\(name)"] }
            return HostPaths.isDirectory("/\(name)") ? ["--ro-bind", "/\(name)", "/\(name)"] : []
        }
    }

    /// The session's own /etc with the host's directories in it. It is closed only after their mount points are made.
    private func etcMounts() -> [String] {
        var list = ["--bind", state.etc, "/etc"]
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
