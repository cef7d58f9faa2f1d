import AgentProtocol
import GRDB

/// How long sessions worked, and in how many steps, by day and user: it outlives the sessions.
extension Store {
    public struct Work: Sendable, Equatable {
        public var milliseconds: Int
        /// Answers in the loops of sessions.
        public var steps: Int

        public init(milliseconds: Int = 0, steps: Int = 0) {
            self.milliseconds = milliseconds
            self.steps = steps
        }
    }

    static func createWork(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE work (
                    day TEXT NOT NULL,
                    user TEXT NOT NULL,
                    milliseconds INTEGER NOT NULL,
                    steps INTEGER NOT NULL,
                    PRIMARY KEY (day, user)
                ) WITHOUT ROWID;
                """)
    }

    /// - Parameter time: milliseconds since 1970.
    static func charge(_ work: Work, to user: String, time: Int, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO work VALUES (date(?, 'unixepoch'), ?, ?, ?)
                ON CONFLICT (day, user) DO UPDATE SET
                    milliseconds = milliseconds + excluded.milliseconds, steps = steps + excluded.steps
                """)
        try statement.execute(arguments: [time / 1000, user, work.milliseconds, work.steps])
    }

    /// - Parameter user: nil: everybody.
    public func worked(user: String?, since period: UsagePeriod) throws(StoreError) -> Work {
        let filter = user == nil ? "" : "AND user = ?"
        return try reading { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT COALESCE(SUM(milliseconds), 0), COALESCE(SUM(steps), 0) FROM work
                    WHERE day >= \(period.rawValue) \(filter)
                    """,
                arguments: StatementArguments(user.map { [$0] } ?? []))
            return row.map { Work(milliseconds: $0[0], steps: $0[1]) } ?? Work()
        }
    }
}
