import AgentProtocol
import Store
import TestSupport

/// A store in a folder of its own.
struct TestStore {
    let folder: TemporaryFolder
    let store: Store

    init() throws {
        folder = try TemporaryFolder()
        store = try Store(path: "\(folder.path)/sessions.sqlite")
    }

    /// The log of a session `s`.
    func log() throws -> EventLog {
        try store.save(record("s"))
        return try EventLog(sessionId: "s", store: store)
    }
}

func record(
    _ id: String, workspace: String = "/w", state: SessionState = .running, createdAt: Int = 1, key: String? = nil
) -> SessionRecord {
    SessionRecord(
        sessionId: id, workspaceFolder: workspace, title: "title of \(id)", model: "m", state: state,
        createdAt: createdAt,
        updatedAt: createdAt, idempotencyKey: key)
}
