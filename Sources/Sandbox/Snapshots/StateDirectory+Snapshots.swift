#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension StateDirectory {
    /// What a snapshot of the session holds: all that it writes to disk.
    func snapshotRoots(_ spec: SandboxSpec) -> [SnapshotRoot] {
        let workspace = SnapshotRoot(name: "workspace", path: upper)
        return spec.homeIsOnDisk ? [workspace, SnapshotRoot(name: "home", path: homeUpper)] : [workspace]
    }

    /// Sets what the session writes to what a snapshot holds. What there was stays aside until the sandbox runs
    /// (``forgetReplaced(_:)``), for when it does not (``putBackReplaced(_:)``).
    /// - Parameter isCopy: the workspace is no overlay.
    func begin(
        with source: SnapshotSource, _ spec: SandboxSpec, for identity: LaunchPlan.Identity, isCopy: Bool
    ) throws(SandboxError) {
        let roots = snapshotRoots(spec)
        let fresh = roots.map { SnapshotRoot(name: $0.name, path: $0.path + ".new") }
        for root in fresh {
            try TreeRemoval.remove(root.path)
            for directory in [path, HostPaths.parent(root.path), root.path] {
                guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
                    throw .setUpFailed(step: "create \(directory)", errno: errno)
                }
            }
        }
        var owner: UInt32?
        if case .own(let user, _) = identity { owner = user.id }
        let marks: OverlayChanges.Attributes = isCopy ? .copy : owner != nil ? .trusted : .user
        do throws(SandboxError) {
            try source.store.materialise(source.step, into: fresh, marks: marks, owner: owner)
        } catch {
            for root in fresh { try? TreeRemoval.remove(root.path) }
            throw error
        }
        for (root, new) in zip(roots, fresh) {
            let old = Self.replaced(root)
            if HostPaths.status(old, follow: false) != nil {
                // An attempt before this one: what it put there was never used.
                try TreeRemoval.remove(root.path)
            } else if rename(root.path, old) != 0, errno != ENOENT {
                throw .setUpFailed(step: "replace \(root.path)", errno: errno)
            }
            guard rename(new.path, root.path) == 0 else {
                throw .setUpFailed(step: "replace \(root.path)", errno: errno)
            }
        }
        // What the overlay keeps there belongs to the layers that were.
        for directory in [work, homeWork] { try TreeRemoval.remove(directory) }
    }

    private static func replaced(_ root: SnapshotRoot) -> String { root.path + ".old" }

    /// The sandbox runs on what the snapshot holds.
    func forgetReplaced(_ spec: SandboxSpec) throws(SandboxError) {
        for root in snapshotRoots(spec) { try TreeRemoval.remove(Self.replaced(root)) }
    }

    /// It does not: the session has again what it had.
    func putBackReplaced(_ spec: SandboxSpec) throws(SandboxError) {
        for root in snapshotRoots(spec) where HostPaths.status(Self.replaced(root), follow: false) != nil {
            try TreeRemoval.remove(root.path)
            guard rename(Self.replaced(root), root.path) == 0 else {
                throw .setUpFailed(step: "put back \(root.path)", errno: errno)
            }
        }
        // What the overlay keeps there belongs to the layers of the attempt.
        for directory in [work, homeWork] { try TreeRemoval.remove(directory) }
    }

    /// A base that is the session's alone: a copy, unless it is already. For file systems that cannot show a directory
    /// under another owner.
    func ownBase(_ base: String) throws(SandboxError) -> String {
        if HostPaths.isBeneath(base, path) { return base }
        let target = path + "/own-base"
        let copies = path + "/own-base.store"
        for directory in [target, copies] { try TreeRemoval.remove(directory) }
        guard mkdir(target, 0o700) == 0 else { throw .setUpFailed(step: "create \(target)", errno: errno) }
        var limits = SnapshotLimits()
        limits.bytes = .max
        limits.entries = .max
        let store = try SnapshotStore(directory: copies, limits: limits)
        _ = try store.take(0, of: [SnapshotRoot(name: "base", path: base)], marks: .trusted) { false }
        try store.materialise(0, into: [SnapshotRoot(name: "base", path: target)], marks: .trusted, owner: nil)
        try TreeRemoval.remove(copies)
        return target
    }
}
