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

    private let required: Set<String>

    /// - Parameter required: names of ``guards()`` without which no sandbox is made. A name that is not known counts as
    ///   one that is not active.
    public init(require required: Set<String> = []) {
        self.required = required
    }

    public func create(_ spec: SandboxSpec) async throws -> any Sandbox {
        try Self.validate(spec)
        if !required.isEmpty { try Self.check(required) }
        guard let range = SessionUser.availableRange() else {
            // Never as root of the machine: what a mistake in the mounts would then lay open is everything.
            if let advice = SessionUser.objection() {
                throw SandboxError.guardMissing(name: Self.ownUserName, advice: advice)
            }
            return try await boot(spec, as: .service(user: geteuid(), group: getegid()))
        }
        let before = HostPaths.status(StateDirectory(path: spec.stateDirectory).upper)?.st_uid
        let user = try SessionUser.take(from: range, preferred: before)
        do {
            return try await boot(spec, as: .own(user, ownsBase: false))
        } catch SandboxError.setUpFailed(LaunchPlan.ownerStep, let number) {
            // Only what is the session's own is given away on disk.
            guard HostPaths.isBeneath(spec.base, spec.stateDirectory) else {
                throw SandboxError.setUpFailed(step: LaunchPlan.ownerStep, errno: number)
            }
            try TreeOwner.give(spec.base, to: user.id)
            return try await boot(spec, as: .own(user, ownsBase: true))
        }
    }

    private func boot(_ spec: SandboxSpec, as identity: LaunchPlan.Identity) async throws -> any Sandbox {
        guard let bubblewrap = HostPaths.find("bwrap") else { throw SandboxError.bubblewrapMissing }
        let supervisor = try SupervisorBinary.find()
        let isOwn = if case .own = identity { true } else { false }
        var toolchains = Toolchains(
            extra: spec.toolchains, detect: spec.detectToolchains, workspace: spec.workspacePath, forOthers: isOwn)
        for directory in supervisor.libraries { toolchains.addLibraries(directory, workspace: spec.workspacePath) }
        let state = StateDirectory(path: spec.stateDirectory)
        try state.prepare(base: spec.base, for: identity)
        let layout = BubblewrapArguments(spec: spec, state: state, supervisor: supervisor, toolchains: toolchains)
        let plan = LaunchPlan(bubblewrap: bubblewrap, layout: layout, identity: identity)
        let process = SandboxProcess(plan)
        try await process.boot()
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
    }
}
