#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the kernel mounts no overlay, the workspace is a copy: `upper` then holds all of it, and changes are found by
/// comparing it with the base.
extension StateDirectory {
    private var copyMark: String { path + "/is-copy" }

    /// Whether this session's workspace is a copy.
    var isCopy: Bool { access(copyMark, F_OK) == 0 }

    /// It is none after all.
    func forgetCopy() { unlink(copyMark) }

    /// What becomes the workspace in the sandbox.
    var workspaceSource: String { isCopy ? upper : merged }
    var homeSource: String { isCopy ? homeUpper : homeMerged }

    /// How what the session wrote is marked.
    func marks(ofOwnUser: Bool) -> OverlayChanges.Attributes {
        isCopy ? .copy : ofOwnUser ? .trusted : .user
    }

    /// Copies base and layers into what the session writes, unless that is done.
    /// - Parameter isWhole: it is all there, from a snapshot of a copy.
    func makeCopy(_ spec: SandboxSpec, isWhole: Bool, for identity: LaunchPlan.Identity) throws(SandboxError) {
        guard !isCopy else { return }
        if !isWhole {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw .setUpFailed(step: "create \(path)", errno: errno)
            }
            // A copy that was begun and not finished.
            for directory in [upper, homeUpper] { try TreeRemoval.remove(directory) }
            for source in [spec.base] + spec.layers.workspace.reversed() { try TreeMerge.copy(source, into: upper) }
            if spec.homeIsOnDisk {
                let parent = HostPaths.parent(homeUpper)
                guard mkdir(parent, 0o700) == 0 || errno == EEXIST else {
                    throw .setUpFailed(step: "create \(parent)", errno: errno)
                }
                guard mkdir(homeUpper, 0o755) == 0 else {
                    throw .setUpFailed(step: "create \(homeUpper)", errno: errno)
                }
                for source in spec.layers.home.reversed() { try TreeMerge.copy(source, into: homeUpper) }
            }
            if case .own(let user, _) = identity {
                for directory in spec.homeIsOnDisk ? [upper, homeUpper] : [upper] {
                    try TreeOwner.give(directory, to: user.id)
                }
            }
        }
        let mark = open(copyMark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard mark >= 0 else { throw .setUpFailed(step: "create \(copyMark)", errno: errno) }
        Descriptors.close(mark)
    }

    /// Layers that are the session's alone: copies, for file systems that cannot show a directory under another owner.
    func ownLayers(_ layers: EnvironmentLayers, _ user: UInt32) throws(SandboxError) -> EnvironmentLayers {
        guard !layers.isEmpty else { return layers }
        let parent = path + "/own-layers"
        try TreeRemoval.remove(parent)
        guard mkdir(parent, 0o700) == 0 else { throw .setUpFailed(step: "create \(parent)", errno: errno) }
        var count = 0
        func own(_ sources: [String]) throws(SandboxError) -> [String] {
            var targets: [String] = []
            for source in sources {
                count += 1
                let target = "\(parent)/\(count)"
                try TreeMerge.copy(source, into: target)
                try TreeOwner.give(target, to: user)
                targets.append(target)
            }
            return targets
        }
        return EnvironmentLayers(workspace: try own(layers.workspace), home: try own(layers.home))
    }
}

extension StateDirectory {
    /// Whether nothing was written over an overlay yet.
    var isUpperEmpty: Bool {
        guard let directory = opendir(upper) else { return errno == ENOENT }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count <= 2
    }
}
