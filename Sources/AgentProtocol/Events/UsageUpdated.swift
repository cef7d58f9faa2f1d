/// `usageUpdated`: tokens after a model answer.
public struct UsageUpdated: Codable, Sendable, Equatable {
    /// Of this answer.
    public var step: TokenUsage
    /// Of the session so far.
    public var session: TokenUsage

    public init(step: TokenUsage, session: TokenUsage) {
        self.step = step
        self.session = session
    }
}
