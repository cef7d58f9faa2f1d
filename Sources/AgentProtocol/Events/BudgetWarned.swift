/// `budgetWarned`: four fifths of a budget are used; told once for each budget and period.
public struct BudgetWarned: Codable, Sendable, Equatable {
    public var scope: BudgetScope
    public var kind: BudgetKind
    /// Tokens, millionths of a US dollar, seconds or model answers.
    public var used: Int
    public var limit: Int

    public init(scope: BudgetScope, kind: BudgetKind, used: Int, limit: Int) {
        self.scope = scope
        self.kind = kind
        self.used = used
        self.limit = limit
    }
}
