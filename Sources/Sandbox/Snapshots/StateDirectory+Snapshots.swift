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

    /// Sets what the session writes to what a snapshot holds. What there was is gone only once that is in its place.
    func begin(
        with source: SnapshotSource, _ spec: SandboxSpec, for identity: LaunchPlan.Identity
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
        do throws(SandboxError) {
            try source.store.materialise(source.step, into: fresh, owner: owner)
        } catch {
            for root in fresh { try? TreeRemoval.remove(root.path) }
            throw error
        }
        for (root, new) in zip(roots, fresh) {
            let old = root.path + ".old"
            try TreeRemoval.remove(old)
            guard rename(root.path, old) == 0 || errno == ENOENT, rename(new.path, root.path) == 0 else {
                throw .setUpFailed(step: "replace \(root.path)", errno: errno)
            }
            try TreeRemoval.remove(old)
        }
        // What the overlay keeps there belongs to the layers that were.
        for directory in [work, homeWork] { try TreeRemoval.remove(directory) }
    }
}
