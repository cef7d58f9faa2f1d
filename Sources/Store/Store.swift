import AgentProtocol
import GRDB
import JSON
import Secrets

/// Sessions and their events, in one SQLite database.
///
/// Write-ahead logging with `synchronous = NORMAL`: a killed process loses nothing; a power cut may lose the newest
/// moments, never the order or the integrity of what is left.
public final class Store: Sendable {
    private let pool: DatabasePool
    let checkpointer: Checkpointer
    /// What nothing that is written may hold.
    let secrets: KnownSecrets?

    /// Pages that the write-ahead log may have (64 MiB) before a commit itself makes room: where ``Checkpointer``, which
    /// is there so that no commit has to, does not keep up.
    private static let maximumLogPages = 16384

    /// - Parameters:
    ///   - path: the database file; it is created with its tables where it is missing.
    ///   - secrets: what is removed from all that is written; nil: nothing.
    public init(path: String, secrets: KnownSecrets? = nil) throws(StoreError) {
        self.secrets = secrets
        var configuration = Configuration()
        configuration.label = "cofferdam.store"
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(Self.maximumLogPages)")
        }
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            try Self.migrator.migrate(pool)
            checkpointer = try Checkpointer(path: path, configuration: configuration)
        } catch {
            throw .cannotOpen(path: path, reason: "\(error)")
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: sessions and events") { database in
            try database.execute(
                sql: """
                    CREATE TABLE session (
                        id TEXT PRIMARY KEY NOT NULL,
                        workspace TEXT NOT NULL,
                        state TEXT NOT NULL,
                        created INTEGER NOT NULL,
                        idempotencyKey TEXT UNIQUE,
                        record TEXT NOT NULL
                    ) WITHOUT ROWID;
                    CREATE INDEX session_by_time ON session (created DESC, id DESC);
                    CREATE TABLE event (
                        session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
                        seq INTEGER NOT NULL,
                        params BLOB NOT NULL,
                        PRIMARY KEY (session, seq)
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("2: what sessions keep") { database in
            try database.execute(
                sql: """
                    CREATE TABLE kept (
                        session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
                        key TEXT NOT NULL,
                        value BLOB NOT NULL,
                        PRIMARY KEY (session, key)
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("3: usage", migrate: createUsage)
        migrator.registerMigration("4: work", migrate: createWork)
        return migrator
    }

    // MARK: Sessions

    /// Inserts the session, or replaces what is kept of it.
    public func save(_ record: SessionRecord) throws(StoreError) {
        try writing { database in
            let text = clean(try JSONCoder.encode(record).text)
            try database.execute(
                sql: """
                    INSERT INTO session (id, workspace, state, created, idempotencyKey, record)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET state = excluded.state, record = excluded.record
                    """,
                arguments: [
                    record.sessionId, record.workspaceFolder, record.state.rawValue, record.createdAt,
                    record.idempotencyKey, text,
                ])
        }
    }

    public func session(_ id: String) throws(StoreError) -> SessionRecord? {
        try reading { database in
            try String.fetchOne(database, sql: "SELECT record FROM session WHERE id = ?", arguments: [id])
                .map(Self.record)
        }
    }

    public func session(idempotencyKey: String) throws(StoreError) -> SessionRecord? {
        try reading { database in
            try String.fetchOne(
                database, sql: "SELECT record FROM session WHERE idempotencyKey = ?", arguments: [idempotencyKey]
            ).map(Self.record)
        }
    }

    /// Newest first, at most `limit`, older than the session `before` when given. Records that cannot be read are left out.
    public func sessions(workspaceFolder: String?, before: String?, limit: Int) throws(StoreError) -> [SessionRecord] {
        try reading { database in
            var conditions: [String] = []
            var arguments: [any DatabaseValueConvertible] = []
            if let workspaceFolder {
                conditions.append("workspace = ?")
                arguments.append(workspaceFolder)
            }
            if let before {
                conditions.append("(created, id) < (SELECT created, id FROM session WHERE id = ?)")
                arguments.append(before)
            }
            let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            let texts = try String.fetchCursor(
                database, sql: "SELECT record FROM session \(filter) ORDER BY created DESC, id DESC",
                arguments: StatementArguments(arguments))
            var records: [SessionRecord] = []
            // One that cannot be read must not hide the others.
            while records.count < limit, let text = try texts.next() {
                if let record = try? Self.record(text) { records.append(record) }
            }
            return records
        }
    }

    /// Sessions that were live when the service last ended, in the order in which they were started.
    public func liveSessions() throws(StoreError) -> LiveRecords {
        try reading { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT id, record FROM session WHERE state IN (\(Self.live)) ORDER BY created")
            var found = LiveRecords()
            while let row = try rows.next() {
                do {
                    found.records.append(try Self.record(row[1]))
                } catch {
                    found.unreadable.append(.init(sessionId: row[0], reason: "\(error)"))
                }
            }
            return found
        }
    }

    /// Sessions that are over since before a time in milliseconds since 1970, the eldest first, at most `limit`.
    public func ended(before time: Int, limit: Int) throws(StoreError) -> [String] {
        try reading { database in
            let texts = try String.fetchCursor(
                database,
                sql: "SELECT record FROM session WHERE created < ? AND state NOT IN (\(Self.live)) ORDER BY created",
                arguments: [time])
            var ids: [String] = []
            while ids.count < limit, let text = try texts.next() {
                if let record = try? Self.record(text), record.updatedAt < time { ids.append(record.sessionId) }
            }
            return ids
        }
    }

    /// Removes a session with its events and all that is kept of it.
    public func remove(_ id: String) throws(StoreError) {
        try writing { database in
            try database.execute(sql: "DELETE FROM session WHERE id = ?", arguments: [id])
        }
    }

    // MARK: Events

    /// Appends events, all or none.
    public func append(_ events: [LoggedEvent], to session: String) throws(StoreError) {
        try append(events, keeping: [], to: session)
    }

    /// Events after `afterSeq`, oldest first: at most `limit`, and no more after `byteLimit` bytes have been reached.
    public func events(
        of session: String, afterSeq: Int, limit: Int, byteLimit: Int = 4 << 20
    ) throws(StoreError) -> [LoggedEvent] {
        try reading { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT seq, params FROM event WHERE session = ? AND seq > ? ORDER BY seq LIMIT ?",
                arguments: [session, afterSeq, limit])
            var events: [LoggedEvent] = []
            var bytes = 0
            while bytes < byteLimit, let row = try rows.next() {
                let params = try row.withUnsafeData(atIndex: 1) { data in data.map { [UInt8]($0) } ?? [] }
                bytes += params.count
                events.append(LoggedEvent(seq: row[0], params: params))
            }
            return events
        }
    }

    /// The newest sequence number of a session; 0 when it has no event.
    public func lastSeq(of session: String) throws(StoreError) -> Int {
        try reading { database in
            try Int.fetchOne(database, sql: "SELECT MAX(seq) FROM event WHERE session = ?", arguments: [session]) ?? 0
        }
    }

    // MARK: Plumbing

    /// The states of sessions that are not over, as SQL has them.
    private static let live = SessionState.allCases.filter(\.isLive).map { "'\($0.rawValue)'" }.joined(separator: ", ")

    private static func record(_ text: String) throws -> SessionRecord {
        try JSONCoder.decode(SessionRecord.self, from: JSON(parsing: text))
    }

    /// Without what is secret.
    func clean(_ bytes: [UInt8]) -> [UInt8] { secrets?.redact(bytes) ?? bytes }
    private func clean(_ text: String) -> String { secrets?.redact(text) ?? text }

    static func blob(_ bytes: [UInt8]) -> DatabaseValue {
        // The bytes are JSON, thus UTF-8: SQLite keeps text and blob alike, and text needs no Foundation type.
        String(decoding: bytes, as: UTF8.self).databaseValue
    }

    func writing<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        do { return try pool.write(body) } catch { throw .writeFailed(reason: "\(error)") }
    }

    func reading<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        do { return try pool.read(body) } catch { throw .readFailed(reason: "\(error)") }
    }
}
