import AgentProtocol

/// A change of the set of approvals that wait for an answer.
public enum ApprovalFeedItem: Sendable, Equatable {
    case pending(sessionId: String, ApprovalRequest)
    case resolved(sessionId: String, ApprovalResolution)
}
