import AgentProtocol

/// What an organisation lets be spent. Nil: no limit.
public struct BudgetLimits: Sendable, Equatable {
    /// Of one scope.
    public struct Limit: Sendable, Equatable {
        public var tokens: Int?
        /// Millionths of a US dollar.
        public var costMicros: Int?

        public init(tokens: Int? = nil, costMicros: Int? = nil) {
            self.tokens = tokens
            self.costMicros = costMicros
        }
    }

    public var scopes: [BudgetScope: Limit]

    public init(_ scopes: [BudgetScope: Limit] = [:]) { self.scopes = scopes }
}

/// What was spent on something so far.
public struct Spending: Sendable, Equatable {
    public var tokens: Int
    /// Millionths of a US dollar, as far as models have prices.
    public var costMicros: Int

    public init(tokens: Int = 0, costMicros: Int = 0) {
        self.tokens = tokens
        self.costMicros = costMicros
    }
}

/// The book of all sessions.
public protocol UsageLedger: Sendable {
    /// - Parameters:
    ///   - user: nil: everybody.
    ///   - scope: one of a day or a month.
    func spent(user: String?, in scope: BudgetScope) async throws -> Spending
}
