import GRDB

/// What sessions keep beside their events: a value for each key, changed in the same transaction as the events that it
/// belongs to. So neither is ever ahead of the other, whenever the service is killed.
extension Store {
    /// Appends events and changes what is kept: all or nothing.
    public func append(
        _ events: [LoggedEvent], keeping changes: [KeptChange], charging entry: UsageEntry? = nil,
        working work: (Work, user: String, time: Int)? = nil, to session: String
    ) throws(StoreError) {
        try writing { database in
            if !events.isEmpty {
                let statement = try database.cachedStatement(
                    sql: "INSERT INTO event (session, seq, params) VALUES (?, ?, ?)")
                for event in events {
                    try statement.execute(arguments: [session, event.seq, Self.blob(event.params)])
                }
            }
            for change in changes { try apply(change, session, database) }
            if let entry { try Self.charge(entry, database) }
            if let (work, user, time) = work { try Self.charge(work, to: user, time: time, database) }
        }
        let bytes = changes.reduce(0) { $0 + ($1.value?.count ?? 0) }
        checkpointer.wrote(events.reduce(bytes) { $0 + $1.params.count })
    }

    private func apply(_ change: KeptChange, _ session: String, _ database: Database) throws {
        guard let value = change.value else {
            let statement = try database.cachedStatement(sql: "DELETE FROM kept WHERE session = ? AND key = ?")
            return try statement.execute(arguments: [session, change.key])
        }
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO kept (session, key, value) VALUES (?, ?, ?)
                ON CONFLICT (session, key) DO UPDATE SET value = excluded.value
                """)
        try statement.execute(arguments: [session, change.key, Self.blob(clean(value))])
    }

    /// Everything that a session keeps, by key.
    public func kept(of session: String) throws(StoreError) -> [String: [UInt8]] {
        try reading { database in
            var values: [String: [UInt8]] = [:]
            let rows = try Row.fetchCursor(
                database, sql: "SELECT key, value FROM kept WHERE session = ?", arguments: [session])
            while let row = try rows.next() {
                values[row[0]] = try row.withUnsafeData(atIndex: 1) { data in data.map { [UInt8]($0) } ?? [] }
            }
            return values
        }
    }

    /// The session is over: only its events and its record stay.
    public func forgetKept(of session: String) throws(StoreError) {
        try writing { database in
            try database.execute(sql: "DELETE FROM kept WHERE session = ?", arguments: [session])
        }
    }
}
