extension SandboxSpec {
    /// Whether the host's own system stands at `/`.
    var usesHost: Bool { root == .host }

    /// Whether `link` can be the ``workspaceLink`` of a workspace at `path`.
    public static func canLink(_ link: String, to path: String) -> Bool {
        HostPaths.isNormalized(link) && !HostPaths.isBeneath(path, link) && !HostPaths.isBeneath(link, path)
            && !closedToLinks.contains { HostPaths.isBeneath(link, $0) || HostPaths.isBeneath($0, link) }
    }

    /// Whether `name` can be the ``userName``.
    public static func isUserName(_ name: String) -> Bool { SandboxAccounts.isName(name) }

    /// Directories that a link to the workspace cannot lie in: they are mounts of their own.
    private static let closedToLinks = [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/proc", "/dev", "/run", "/tmp", "/sys",
        "/var/tmp", SandboxLayout.home,
    ]

    /// Whether the home directory is on disk and not in memory.
    var homeIsOnDisk: Bool { keepsHome || !layers.home.isEmpty }
}

extension LocalDriver {
    /// Names the host's toolchains that a sandbox of the host's own system sees outside `/usr`, and changes when one of
    /// them is replaced: what was set up with one does not run with another.
    public static var toolchainIdentity: String {
        let found = Toolchains(extra: [], detect: true, workspace: "", forOthers: isPrivileged)
        return found.mounts.sorted().map { directory in
            let times = [directory, directory + "/bin", directory + "/lib"].compactMap { HostPaths.status($0)?.st_mtim }
            return directory + times.map { " \($0.tv_sec).\($0.tv_nsec)" }.joined()
        }.joined(separator: "\n")
    }

    static func validateEnvironment(_ spec: SandboxSpec) throws(SandboxError) {
        if case .directory(let root) = spec.root {
            guard HostPaths.isNormalized(root), HostPaths.isDirectory(root) else {
                throw .invalidSpec("the root file system \(root) is not a directory with an absolute, normalized path")
            }
        }
        for layer in spec.layers.workspace + spec.layers.home where !HostPaths.isNormalized(layer) {
            throw .invalidSpec("“\(layer)” is not an absolute, normalized path")
        }
        guard SandboxAccounts.isName(spec.userName) else {
            throw .invalidSpec("“\(spec.userName.prefix(64))” cannot be the name of a user")
        }
        guard let link = spec.workspaceLink, link != spec.workspacePath else { return }
        guard SandboxSpec.canLink(link, to: spec.workspacePath)
        else { throw .invalidSpec("\(link) cannot be a second path of the workspace") }
    }
}
