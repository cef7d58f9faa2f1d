import AgentProtocol
import GRDB

/// What model answers took, by day, user, repository and model: it outlives the sessions.
extension Store {
    /// Of one answer.
    public struct UsageEntry: Sendable, Equatable {
        /// Milliseconds since 1970.
        public var time: Int
        public var user: String
        public var repository: String
        public var model: String
        public var tokens: TokenUsage
        /// Nil: the model has no prices.
        public var costMicros: Int?
        /// 0: an attempt that broke off.
        public var answers: Int

        public init(
            time: Int, user: String, repository: String, model: String, tokens: TokenUsage, costMicros: Int?,
            answers: Int = 1
        ) {
            self.time = time
            self.user = user
            self.repository = repository
            self.model = model
            self.tokens = tokens
            self.costMicros = costMicros
            self.answers = answers
        }
    }

    static func createUsage(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE usage (
                    day TEXT NOT NULL,
                    user TEXT NOT NULL,
                    repository TEXT NOT NULL,
                    model TEXT NOT NULL,
                    answers INTEGER NOT NULL,
                    input INTEGER NOT NULL,
                    output INTEGER NOT NULL,
                    cacheRead INTEGER NOT NULL,
                    cacheWrite INTEGER NOT NULL,
                    cost INTEGER NOT NULL,
                    unpriced INTEGER NOT NULL,
                    PRIMARY KEY (day, user, repository, model)
                ) WITHOUT ROWID;
                """)
    }

    static func charge(_ entry: UsageEntry, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO usage VALUES (date(?, 'unixepoch'), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (day, user, repository, model) DO UPDATE SET
                    answers = answers + excluded.answers, input = input + excluded.input, output = output + excluded.output,
                    cacheRead = cacheRead + excluded.cacheRead, cacheWrite = cacheWrite + excluded.cacheWrite,
                    cost = cost + excluded.cost, unpriced = unpriced + excluded.unpriced
                """)
        let tokens = entry.tokens
        try statement.execute(
            arguments: [
                entry.time / 1000, entry.user, entry.repository, entry.model, entry.answers, tokens.inputTokens,
                tokens.outputTokens, tokens.cacheReadTokens, tokens.cacheWriteTokens, entry.costMicros ?? 0,
                entry.costMicros == nil ? entry.answers : 0,
            ])
    }

    /// Sums; at most `limit` rows.
    /// - Parameter days: `YYYY-MM-DD` each, both included.
    public func usage(
        by groups: [UsageGroup], since: String?, until: String?, user: String?, limit: Int
    ) throws(StoreError) -> [UsageRow] {
        let columns = UsageGroup.allCases.filter(groups.contains).map(\.rawValue)
        var conditions: [String] = []
        var arguments: [String] = []
        for (condition, value) in [("day >= ?", since), ("day <= ?", until), ("user = ?", user)] {
            guard let value else { continue }
            conditions.append(condition)
            arguments.append(value)
        }
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let grouping = columns.isEmpty ? "" : "GROUP BY " + columns.joined(separator: ", ")
        let order = groups.contains(.day) ? "day, " : ""
        let sums = ["answers", "input", "output", "cacheRead", "cacheWrite", "cost", "unpriced"]
            .map { "COALESCE(SUM(usage.\($0)), 0) AS \($0)" }
        let sql = """
            SELECT \((columns + sums).joined(separator: ", ")) FROM usage \(filter) \(grouping)
            ORDER BY \(order) SUM(usage.cost) DESC, SUM(usage.input) + SUM(usage.output) DESC LIMIT \(limit)
            """
        let bound = StatementArguments(arguments)
        return try reading { database in
            try Row.fetchAll(database, sql: sql, arguments: bound).map { row in
                UsageRow(
                    user: columns.contains("user") ? row["user"] : nil,
                    repository: columns.contains("repository") ? row["repository"] : nil,
                    model: columns.contains("model") ? row["model"] : nil,
                    day: columns.contains("day") ? row["day"] : nil, answers: row["answers"],
                    tokens: TokenUsage(
                        inputTokens: row["input"], outputTokens: row["output"], cacheReadTokens: row["cacheRead"],
                        cacheWriteTokens: row["cacheWrite"]),
                    costMicros: row["cost"], unpriced: row["unpriced"])
            }
        }
    }

    /// A time that budgets go by, in UTC.
    public enum UsagePeriod: String, Sendable {
        case today = "date('now')"
        case thisMonth = "date('now', 'start of month')"
    }

    /// - Parameter user: nil: everybody.
    public func spent(user: String?, since period: UsagePeriod) throws(StoreError) -> UsageRow {
        let day = try reading { try String.fetchOne($0, sql: "SELECT \(period.rawValue)") }
        return try usage(by: [], since: day, until: nil, user: user, limit: 1).first ?? UsageRow()
    }
}
