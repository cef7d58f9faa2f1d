#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Sandboxes from Linux namespaces on this machine, through bubblewrap; for root and for ordinary users.
///
/// The workspace is an overlay: the frozen base below, the session's own layer above. Everything else that a command can
/// see is read-only or in memory, and there is no network but loopback.
public struct LocalDriver: SandboxDriver {
    public let name = "local"

    public init() {}

    public func create(_ spec: SandboxSpec) async throws -> any Sandbox {
        try Self.validate(spec)
        guard let bubblewrap = HostPaths.find("bwrap") else { throw SandboxError.bubblewrapMissing }
        let supervisor = try SupervisorBinary.find()
        var toolchains = Toolchains(
            extra: spec.toolchains, detect: spec.detectToolchains, workspace: spec.workspacePath)
        for directory in supervisor.libraries { toolchains.addLibraries(directory, workspace: spec.workspacePath) }
        let state = StateDirectory(path: spec.stateDirectory)
        try state.prepare(base: spec.base)
        let layout = BubblewrapArguments(spec: spec, state: state, supervisor: supervisor, toolchains: toolchains)
        let attempts = LaunchPlan.attempts(
            bubblewrap: bubblewrap, arguments: layout.build(), base: spec.base, state: state, user: geteuid(),
            group: getegid())
        let process = SandboxProcess(attempts: attempts, journalPath: state.journal)
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
        guard HostPaths.isDirectory(spec.base) else { throw .invalidSpec("\(spec.base) is not a directory") }
    }
}
