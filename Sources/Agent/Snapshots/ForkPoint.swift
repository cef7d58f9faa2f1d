import Diagnostics
import AgentProtocol
import Sandbox
import Workspace

/// What a session begins with that is forked from another one. Its files are a step of its own store already.
public struct ForkPoint: Sendable {
    /// The session that it was forked from, and its step.
    public var parent: String
    public var parentStep: Int
    /// The copy of the user's folder that both stand on.
    public var base: String { snapshot.base }
    /// As the other session was started.
    public let start: AgentStart.Params
    public let limits: AgentLimits
    public let resources: ResourceLimits
    public let temporaryBytes: Int?
    let snapshot: WorkspaceSnapshot
    let frozen: KeptFrozen
    let state: StepState
    /// What a client made of the other session's network.
    let network: NetworkChange
    let baseline: [String: [Diagnostic]]
    /// The step of the new session's store.
    let step: Int
    /// ``parentStep``, and those that it came from.
    let line: [Int]
}
