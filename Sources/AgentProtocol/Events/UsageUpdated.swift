/// `usageUpdated`: tokens and money after a model answer.
public struct UsageUpdated: Codable, Sendable, Equatable {
    /// Of this answer.
    public var step: TokenUsage
    /// Of the session so far.
    public var session: TokenUsage
    /// The model that answered.
    public var model: String?
    /// What this answer cost, in millionths of a US dollar; absent where the model has no prices.
    public var costMicros: Int?
    /// What the session cost so far, as far as its models have prices.
    public var sessionCostMicros: Int?

    public init(
        step: TokenUsage, session: TokenUsage, model: String? = nil, costMicros: Int? = nil,
        sessionCostMicros: Int? = nil
    ) {
        self.step = step
        self.session = session
        self.model = model
        self.costMicros = costMicros
        self.sessionCostMicros = sessionCostMicros
    }
}
