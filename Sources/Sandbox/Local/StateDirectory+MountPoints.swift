import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension StateDirectory {
    /// Makes in the skeleton what a foreign root file system need not have: the directories that something is mounted
    /// on. Where it has a link or a file in such a place, the skeleton's directory hides it: no link of an image leads
    /// a mount elsewhere.
    func makeMountPoints(_ spec: SandboxSpec) throws(SandboxError) {
        for point in ["/proc", "/dev", "/tmp", "/run/cofferdam", "/var", SandboxLayout.home, spec.workspacePath] {
            try makeDirectories(point)
        }
        try link("../tmp", at: "/var/tmp")
        if let place = spec.workspaceLink, place != spec.workspacePath {
            try makeDirectories(HostPaths.parent(place))
            try link(spec.workspacePath, at: place)
        }
    }

    func makeDirectories(_ path: String) throws(SandboxError) {
        var built = skeleton
        for part in path.split(separator: "/") {
            built += "/\(part)"
            guard mkdir(built, 0o755) == 0 || errno == EEXIST else {
                throw .setUpFailed(step: "create \(built)", errno: errno)
            }
            chmod(built, 0o755)
        }
    }

    func link(_ target: String, at path: String) throws(SandboxError) {
        guard symlink(target, skeleton + path) == 0 || errno == EEXIST else {
            throw .setUpFailed(step: "create \(skeleton + path)", errno: errno)
        }
    }
}
