/// Makes sandboxes of one technology: local namespaces, containers, a remote service.
///
/// A driver holds no session state; everything about one sandbox lives in the ``Sandbox`` that it returns.
public protocol SandboxDriver: Sendable {
    /// Short name for logs and messages to the user, such as `local`.
    var name: String { get }

    /// Boots a sandbox and returns once its supervisor has answered, so that a command can start at once.
    ///
    /// Nothing is left behind when it throws ``SandboxError``.
    func create(_ spec: SandboxSpec) async throws -> any Sandbox

    /// As ``create(_:)``, with what a snapshot holds in place of what the state directory does. The sandbox that had it
    /// must be gone.
    ///
    /// Throws ``SandboxError/snapshotFailed(_:)`` with the state directory as it was.
    func create(_ spec: SandboxSpec, from snapshot: SnapshotSource) async throws -> any Sandbox

    /// Connects again to the running sandbox of the spec's state directory, made by a former service.
    ///
    /// The spec must be the one that it was made from. Throws ``SandboxError/lost(_:)`` when there is none any more.
    func adopt(_ spec: SandboxSpec) async throws -> any Sandbox

    /// Ends whatever still runs of the sandbox of a state directory, and proves that nothing is left.
    func endOrphan(stateDirectory: String) async -> OrphanEnd

    /// How the workspace of a sandbox that is gone differs from its base, as its state directory shows it.
    func changes(leftBy spec: SandboxSpec) async throws -> [WorkspaceChange]
}

extension SandboxDriver {
    public func create(_ spec: SandboxSpec, from snapshot: SnapshotSource) async throws -> any Sandbox {
        throw SandboxError.snapshotFailed("this driver cannot begin with one")
    }

    public func adopt(_ spec: SandboxSpec) async throws -> any Sandbox {
        throw SandboxError.lost("this driver does not keep sandboxes beyond the service")
    }

    public func changes(leftBy spec: SandboxSpec) async throws -> [WorkspaceChange] {
        throw SandboxError.lost("this driver keeps nothing of a sandbox that is gone")
    }

    public func endOrphan(stateDirectory: String) async -> OrphanEnd { OrphanEnd(wasRunning: false) }
}
