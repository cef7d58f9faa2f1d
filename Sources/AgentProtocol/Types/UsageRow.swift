/// A sum of `agent/usage`. Of `user`, `repository`, `model` and `day` those are there that it was asked by.
public struct UsageRow: Codable, Sendable, Equatable {
    public var user: String?
    public var repository: String?
    public var model: String?
    /// `YYYY-MM-DD`
    public var day: String?
    /// Model answers.
    public var answers: Int
    public var tokens: TokenUsage
    /// In millionths of a US dollar, of the answers whose model has prices.
    public var costMicros: Int
    /// Answers of models without prices: what they cost is not in `costMicros`.
    public var unpriced: Int

    public init(
        user: String? = nil, repository: String? = nil, model: String? = nil, day: String? = nil, answers: Int = 0,
        tokens: TokenUsage = TokenUsage(), costMicros: Int = 0, unpriced: Int = 0
    ) {
        self.user = user
        self.repository = repository
        self.model = model
        self.day = day
        self.answers = answers
        self.tokens = tokens
        self.costMicros = costMicros
        self.unpriced = unpriced
    }
}
