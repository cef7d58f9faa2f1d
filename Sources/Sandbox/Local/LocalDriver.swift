#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Sandboxes from Linux namespaces on this machine, through bubblewrap; for root and for ordinary users.
///
/// The workspace is an overlay: the frozen base below, the session's own layer above. Everything else that a command can
/// see is read-only or in memory, and there is no network but loopback.
///
/// Where the service is root, every sandbox runs as a user that nobody else is (``SessionUser`` tells the ids): root's
/// rights are given up before bubblewrap starts. The base is shown to that user as its own by an id-mapped mount and stays
/// untouched on disk; the session's layer belongs to it. An ordinary user's sandboxes run as that user.
public struct LocalDriver: SandboxDriver {
    public let name = "local"

    let required: Set<String>
    let cgroup: CgroupPlacement
    private let copies: Bool

    /// - Parameter required: names of ``guards()`` without which no sandbox is made. A name that is not known counts as
    ///   one that is not active.
    /// - Parameter cgroup: where the sandboxes' control groups are made.
    /// - Parameter copies: the workspace is a copy and no overlay, as where the kernel mounts none; for tests.
    public init(require required: Set<String> = [], cgroup: CgroupPlacement = .automatic, copies: Bool = false) {
        self.required = required
        self.cgroup = cgroup
        self.copies = copies
    }

    public func create(_ spec: SandboxSpec) async throws -> any Sandbox {
        try await make(spec, nil)
    }

    public func create(_ spec: SandboxSpec, from snapshot: SnapshotSource) async throws -> any Sandbox {
        let state = StateDirectory(path: spec.stateDirectory)
        let wasCopy = state.isCopy
        let sandbox: any Sandbox
        do {
            sandbox = try await make(spec, snapshot)
        } catch {
            try await Background.run {
                try state.putBackReplaced(spec)
                if !wasCopy { state.forgetCopy() }
            }
            throw error
        }
        try await Background.run { try state.forgetReplaced(spec) }
        return sandbox
    }

    private func make(_ spec: SandboxSpec, _ snapshot: SnapshotSource?) async throws -> any Sandbox {
        try Self.validate(spec)
        try checkRequired()
        // What a former service left there would write to the same layer.
        let orphan = await endOrphan(stateDirectory: spec.stateDirectory)
        guard orphan.remaining == 0 else {
            throw SandboxError.invalidSpec(
                "a former sandbox of \(spec.stateDirectory) cannot be ended: \(orphan.problem ?? "it still runs")")
        }
        guard let range = SessionUser.availableRange() else {
            // Never as root of the machine: what a mistake in the mounts would then lay open is everything.
            if let advice = SessionUser.objection() {
                throw SandboxError.guardMissing(name: Self.ownUserName, advice: advice)
            }
            return try await boot(spec, snapshot, as: .service(user: geteuid(), group: getegid()))
        }
        let before = HostPaths.status(StateDirectory(path: spec.stateDirectory).upper)?.st_uid
        let user = try SessionUser.take(from: range, preferred: before)
        do {
            return try await boot(spec, snapshot, as: .own(user, ownsBase: false))
        } catch SandboxError.setUpFailed(LaunchPlan.ownerStep, _) {
            // Only what is the session's own is given away on disk; others may stand on the base.
            var own = spec
            own.base = try StateDirectory(path: spec.stateDirectory).ownBase(spec.base)
            try TreeOwner.give(own.base, to: user.id)
            own.layers = try StateDirectory(path: spec.stateDirectory).ownLayers(spec.layers, user.id)
            return try await boot(own, snapshot, as: .own(user, ownsBase: true))
        }
    }

    private func boot(
        _ spec: SandboxSpec, _ snapshot: SnapshotSource?, as identity: LaunchPlan.Identity
    ) async throws -> any Sandbox {
        let state = StateDirectory(path: spec.stateDirectory)
        // What a copy was kept as becomes one again, unless something was written over an overlay here.
        let isOfCopy = snapshot.map { $0.store.kind(of: $0.step) == .copy } == true
        let isCopy = copies || state.isCopy || isOfCopy && state.isUpperEmpty
        do {
            return try await boot(spec, snapshot, as: identity, isCopy: isCopy)
        } catch SandboxError.setUpFailed(LaunchPlan.overlayStep, let number) where !isCopy {
            // A copy takes the place of what was written over an overlay: only where nothing was, or where the kernel has none.
            let hasNone = [ENODEV, EPERM, ENOSYS].contains(number)
            let isFresh = snapshot == nil && state.isUpperEmpty
            guard spec.usesHost, hasNone || isFresh else {
                throw SandboxError.setUpFailed(step: LaunchPlan.overlayStep, errno: number)
            }
            return try await boot(spec, snapshot, as: identity, isCopy: true)
        }
    }

    private func boot(
        _ spec: SandboxSpec, _ snapshot: SnapshotSource?, as identity: LaunchPlan.Identity, isCopy: Bool
    ) async throws -> any Sandbox {
        guard let bubblewrap = HostPaths.find("bwrap") else { throw SandboxError.bubblewrapMissing }
        let supervisor = try SupervisorBinary.find()
        let isOwn = if case .own = identity { true } else { false }
        var toolchains = Toolchains(
            extra: spec.usesHost ? spec.toolchains : [], detect: spec.usesHost && spec.detectToolchains,
            workspace: spec.workspacePath, forOthers: isOwn)
        var runtime: SupervisorRuntime?
        if spec.usesHost {
            for directory in supervisor.libraries { toolchains.addLibraries(directory, workspace: spec.workspacePath) }
        } else {
            runtime = try SupervisorRuntime.find(supervisor)
        }
        let state = StateDirectory(path: spec.stateDirectory)
        if let snapshot { try state.begin(with: snapshot, spec, for: identity, isCopy: isCopy) }
        if isCopy {
            guard spec.usesHost else { throw SandboxError.setUpFailed(step: LaunchPlan.overlayStep, errno: ENODEV) }
            let isWhole = snapshot != nil
            try await Background.run {
                try state.makeCopy(spec, isWhole: isWhole, for: identity)
            }
        }
        try state.prepare(spec, for: identity)
        let layout = BubblewrapArguments(
            spec: spec, state: state, supervisor: supervisor, runtime: runtime, toolchains: toolchains)
        var plan = LaunchPlan(bubblewrap: bubblewrap, layout: layout, identity: identity)
        let lease = CgroupLease.acquire(id: spec.id, limits: spec.limits, placement: cgroup)
        plan.lease = lease
        if !lease.active.contains(.memory) { plan.arguments += ["--watch-memory", "\(spec.limits.memoryBytes)"] }
        let process = SandboxProcess(.launch(plan))
        try await process.boot()
        snapshot?.store.settled()
        return LocalSandbox(spec: spec, state: state, environment: layout.environment(), process: process)
    }

    /// Removes a session's host directory once its sandbox is gone.
    ///
    /// Needed instead of a plain removal: an overlay leaves a directory behind that even its owner must first open up.
    public static func discard(stateDirectory: String) throws {
        try TreeRemoval.remove(stateDirectory)
    }

    private static func validate(_ spec: SandboxSpec) throws(SandboxError) {
        for path in [spec.workspacePath, spec.base, spec.stateDirectory] where !HostPaths.isNormalized(path) {
            throw .invalidSpec("“\(path)” is not an absolute, normalized path")
        }
        let reserved = [
            "/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/dev", "/run", "/tmp", "/var", "/home",
        ]
        guard !reserved.contains(spec.workspacePath), spec.workspacePath != SandboxLayout.home else {
            throw .invalidSpec("\(spec.workspacePath) cannot be a workspace")
        }
        guard !["/proc", "/dev", "/run/cofferdam"].contains(where: { HostPaths.isBeneath(spec.workspacePath, $0) })
        else { throw .invalidSpec("\(spec.workspacePath) cannot be a workspace") }
        if let repository = HostPaths.status(spec.base + "/.git", follow: false) {
            let kind = repository.st_mode & S_IFMT
            guard kind == S_IFDIR || kind == S_IFREG else {
                throw .invalidSpec("\(spec.base)/.git is neither a directory nor a file")
            }
        }
        guard HostPaths.isDirectory(spec.base) else { throw .invalidSpec("\(spec.base) is not a directory") }
        try validateEnvironment(spec)
    }
}
