/// What a budget is for.
public enum BudgetScope: String, Codable, Sendable, CaseIterable {
    case turn
    case session
    /// All sessions of the user today (UTC).
    case userDay
    /// All sessions of the user this month.
    case userMonth
    /// All sessions of the service today.
    case organisationDay
    /// All sessions of the service this month.
    case organisationMonth
}
