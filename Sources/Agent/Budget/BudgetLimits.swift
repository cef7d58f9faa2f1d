import AgentProtocol

/// What an organisation lets be spent. Nil: no limit.
public struct BudgetLimits: Sendable, Equatable {
    /// Of one scope.
    public struct Limit: Sendable, Equatable {
        public var tokens: Int?
        /// Millionths of a US dollar.
        public var costMicros: Int?
        /// Time at work, in which nobody is asked.
        public var seconds: Int?
        /// Answers in the loops of sessions.
        public var steps: Int?

        public init(tokens: Int? = nil, costMicros: Int? = nil, seconds: Int? = nil, steps: Int? = nil) {
            self.tokens = tokens
            self.costMicros = costMicros
            self.seconds = seconds
            self.steps = steps
        }
    }

    public var scopes: [BudgetScope: Limit]

    public init(_ scopes: [BudgetScope: Limit] = [:]) { self.scopes = scopes }
}

extension BudgetLimits.Limit {
    /// Of a turn: a client can only narrow what the service allows.
    init(turn: BudgetLimits.Limit?, client: Budgets?, limits: AgentLimits) {
        func least(_ values: Int?...) -> Int? { values.compactMap { $0 }.min() }
        self.init(
            tokens: least(client?.maxTokens, turn?.tokens, limits.tokens),
            costMicros: least(client?.maxCostMicros, turn?.costMicros),
            seconds: least(client?.maxSeconds, turn?.seconds, limits.seconds),
            steps: least(client?.maxSteps, turn?.steps, limits.steps))
    }
}

/// What was spent on something so far.
public struct Spending: Sendable, Equatable {
    public var tokens: Int
    /// Millionths of a US dollar, as far as models have prices.
    public var costMicros: Int
    /// Answers in the loops of sessions.
    public var steps: Int
    /// Time at work, in which nobody was asked.
    public var milliseconds: Int

    public init(tokens: Int = 0, costMicros: Int = 0, steps: Int = 0, milliseconds: Int = 0) {
        self.tokens = tokens
        self.costMicros = costMicros
        self.steps = steps
        self.milliseconds = milliseconds
    }

    /// The sum; no more than `Int.max` of anything.
    static func + (left: Spending, right: Spending) -> Spending {
        func sum(_ path: KeyPath<Spending, Int>) -> Int {
            let (sum, overflow) = left[keyPath: path].addingReportingOverflow(right[keyPath: path])
            return overflow ? .max : sum
        }
        return Spending(
            tokens: sum(\.tokens), costMicros: sum(\.costMicros), steps: sum(\.steps),
            milliseconds: sum(\.milliseconds))
    }
}

/// The book of all sessions.
public protocol UsageLedger: Sendable {
    /// - Parameters:
    ///   - user: nil: everybody.
    ///   - scope: one of a day or a month.
    func spent(user: String?, in scope: BudgetScope) async throws -> Spending
}
