import AgentProtocol
import Sandbox

/// What a session tells its service.
public struct AgentSessionObserver: Sendable {
    /// State, outcome or title changed: keep it.
    public var stateChanged: @Sendable (SessionState, TurnOutcome?) async -> Void
    public var approvalRequested: @Sendable (ApprovalRequest) async -> Void
    public var approvalResolved: @Sendable (ApprovalResolution) async -> Void
    /// Its sandbox is there; whether it is one that waited for it.
    public var sandboxStarted: @Sendable (SandboxSpec, Bool) async -> Void = { _, _ in }

    /// A model gave it a title.
    public var titled: @Sendable (String) async -> Void = { _ in }

    public init(
        stateChanged: @escaping @Sendable (SessionState, TurnOutcome?) async -> Void,
        approvalRequested: @escaping @Sendable (ApprovalRequest) async -> Void,
        approvalResolved: @escaping @Sendable (ApprovalResolution) async -> Void
    ) {
        self.stateChanged = stateChanged
        self.approvalRequested = approvalRequested
        self.approvalResolved = approvalResolved
    }
}
