/// `usageUpdated`: tokens and money after a model answer, or after an attempt that broke off.
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
    /// True: the attempt broke off after it had begun to answer, and what it took is estimated, as nobody counted it.
    public var estimated: Bool?

    public init(
        step: TokenUsage, session: TokenUsage, model: String? = nil, costMicros: Int? = nil,
        sessionCostMicros: Int? = nil, estimated: Bool? = nil
    ) {
        self.step = step
        self.session = session
        self.model = model
        self.costMicros = costMicros
        self.sessionCostMicros = sessionCostMicros
        self.estimated = estimated
    }
}
