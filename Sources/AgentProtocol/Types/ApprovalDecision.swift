/// A user's answer to an approval.
public enum ApprovalDecision: String, Codable, Sendable, CaseIterable {
    case allowOnce
    /// This and every equal action of this session.
    case allowSession
    /// Allow with changed arguments.
    case allowEdited
    case reject
}
