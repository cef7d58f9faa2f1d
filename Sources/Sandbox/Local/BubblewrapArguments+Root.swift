extension BubblewrapArguments {
    /// What stands at `/`: parts of the host's own system, or a whole other one.
    func rootMounts(_ place: (String) -> String) -> [String] {
        switch spec.root {
        case .host:
            var list = ["--ro-bind", "/usr", "/usr"] + systemLinks() + etcMounts(place(state.etc))
            list += ["--dir", "/var", "--symlink", "../tmp", "/var/tmp"]
            if let link = spec.workspaceLink, link != spec.workspacePath {
                list += ["--symlink", spec.workspacePath, link]
            }
            return list
        case .directory:
            // With the session's own mount points and files of /etc over it (StateDirectory), hence no mounts in it here.
            return ["--ro-bind", place(state.rootMerged), "/"]
        }
    }

    /// The home directory: in memory, or on disk where an environment has prepared it.
    func homeMount(_ place: (String) -> String, _ size: String) -> [String] {
        if !spec.layers.home.isEmpty { return ["--bind", place(state.homeSource), SandboxLayout.home] }
        if spec.keepsHome { return ["--bind", place(state.homeUpper), SandboxLayout.home] }
        return ["--size", size, "--perms", "0755", "--tmpfs", SandboxLayout.home]
    }

    func supervisorMounts(_ place: (String) -> String) -> [String] {
        guard let runtime else {
            return ["--ro-bind", place(supervisor.path), SandboxLayout.supervisor] + networkMounts(place)
        }
        // The root is read-only already: mount points can be made in a file system of their own only.
        var list = ["--size", "1048576", "--perms", "0755", "--tmpfs", HostPaths.parent(SandboxLayout.supervisor)]
        list += ["--ro-bind", place(supervisor.path), SandboxLayout.supervisor]
        for bind in runtime.binds { list += ["--ro-bind", place(bind.source), bind.target] }
        return list + networkMounts(place) + ["--remount-ro", HostPaths.parent(SandboxLayout.supervisor)]
    }

    /// The command that bubblewrap becomes, to be followed by the supervisor's arguments.
    var supervisorCommand: [String] { runtime?.command ?? [SandboxLayout.supervisor] }

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
}
