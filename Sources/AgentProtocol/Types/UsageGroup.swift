/// What `agent/usage` can sum by.
public enum UsageGroup: String, Codable, Sendable, CaseIterable {
    /// Who started the session: the name of the client's token.
    case user
    /// The remote repository, or the workspace folder.
    case repository
    /// The model that answered.
    case model
    /// The day (UTC) of the answer.
    case day
}
