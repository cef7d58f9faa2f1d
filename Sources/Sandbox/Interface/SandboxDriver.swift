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
}
