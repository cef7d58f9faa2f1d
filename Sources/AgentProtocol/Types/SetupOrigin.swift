/// Where the result of the setup steps comes from.
public enum SetupOrigin: String, Codable, Sendable, CaseIterable {
    /// There are no setup steps.
    case none
    /// They ran for this session.
    case ran
    /// From an earlier session.
    case reused
    /// From another session that was at it, for which this one waited.
    case waited
}
