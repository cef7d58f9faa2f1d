/// Limits of one turn. Absent: the service's own.
public struct Budgets: Codable, Sendable, Equatable {
    /// Model answers.
    public var maxSteps: Int?
    /// Input and output tokens together.
    public var maxTokens: Int?
    /// Wall time in seconds; it stands still while the user is asked.
    public var maxSeconds: Int?
    /// Money in millionths of a US dollar, as far as the models have prices.
    public var maxCostMicros: Int?

    public init(
        maxSteps: Int? = nil, maxTokens: Int? = nil, maxSeconds: Int? = nil, maxCostMicros: Int? = nil
    ) {
        self.maxSteps = maxSteps
        self.maxTokens = maxTokens
        self.maxSeconds = maxSeconds
        self.maxCostMicros = maxCostMicros
    }
}
