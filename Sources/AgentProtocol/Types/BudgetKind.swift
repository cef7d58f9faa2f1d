/// What a budget counts.
public enum BudgetKind: String, Codable, Sendable, CaseIterable {
    /// Input and output tokens together.
    case tokens
    /// Money, in millionths of a US dollar.
    case cost
    /// Wall time in seconds, waiting for the user not counted.
    case seconds
    /// Model answers.
    case steps
}
