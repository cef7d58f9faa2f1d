/// A model is not asked, or its answer is cut, because there is nothing left to spend on it.
public struct BudgetSpent: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which budget, with its amount; for the user.
    public var reason: String
    /// The same for programs in a sandbox, which are told no amounts.
    public var summary: String

    public init(reason: String, summary: String) {
        self.reason = reason
        self.summary = summary
    }

    public var description: String { reason }
}
