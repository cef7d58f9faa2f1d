/// Whose rules hold on the way out of a sandbox.
public enum EgressPhase: String, Codable, Sendable, CaseIterable {
    /// Those of the setup steps, which may reach more.
    case setup
    /// Those of the agent's commands and the checks.
    case agent
}
