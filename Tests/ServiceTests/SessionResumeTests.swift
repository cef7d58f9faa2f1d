import Agent
import AgentProtocol
import GRDB
import Glibc
import JSON
import JSONRPC
import Models
import Sandbox
import Store
import Synchronization
import TestSupport
import Testing

@testable import Service

@Suite("Sessions that a former service left", .timeLimit(.minutes(10)))
struct SessionResumeTests {
    /// Remembers what it was asked to end.
    private final class Driver: SandboxDriver {
        let name = "fake"
        let ended = Mutex<[String]>([])

        func create(_ spec: SandboxSpec) async throws -> any Sandbox { throw SandboxError.bubblewrapMissing }

        func endOrphan(stateDirectory: String) async -> OrphanEnd {
            ended.withLock { $0.append(stateDirectory) }
            return OrphanEnd(wasRunning: true)
        }
    }

    private struct NoModel: ModelProvider {
        let identifier = "none"

        func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
            AsyncThrowingStream { $0.finish() }
        }

        func shutdown() async {}
    }

    private func record(_ id: String, _ state: SessionState) -> SessionRecord {
        SessionRecord(
            sessionId: id, workspaceFolder: "/nowhere", title: "t", model: "m", state: state, createdAt: 1, updatedAt: 1
        )
    }

    private func lastStatus(_ manager: SessionManager, _ id: String) async throws -> SessionStatusEvent? {
        let events = try await manager.events(id, afterSeq: 0, limit: 10)
        let last = try events.last.map {
            try JSONCoder.decode(AgentProgress.Params.self, from: JSON(parsing: $0.params)).event
        }
        if case .sessionStatus(let status)? = last { return status }
        return nil
    }

    @Test("A session of which nothing was kept is over, and its log says why; one that is over stays as it was")
    func nothingKept() async throws {
        let folder = try TemporaryFolder()
        do {
            let store = try Store(path: "\(folder.path)/sessions.sqlite")
            try store.save(record("running", .running))
            try store.save(record("over", .stopped))
        }
        let driver = Driver()
        let manager = try await SessionManager(
            configuration: SessionManagerConfiguration(
                stateDirectory: folder.path, models: ModelCatalog([]), driver: driver))
        let status = try await lastStatus(manager, "running")
        #expect(status?.state == .failed)
        #expect(status?.reason == "the service ended while the session was running")
        #expect(try await manager.summary("running").state == .failed)
        #expect(try await manager.summary("over").state == .stopped)
        #expect(driver.ended.withLock { $0 } == ["\(folder.path)/sessions/running"])
        #expect(await manager.liveSessions == 0)
    }

    @Test("Folders that no live session has are given up, with whatever ran in them")
    func orphans() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.makeFolder("sessions/abandoned/upper")
        let driver = Driver()
        let manager = try await SessionManager(
            configuration: SessionManagerConfiguration(
                stateDirectory: folder.path, models: ModelCatalog([]), driver: driver))
        while access("\(folder.path)/sessions/abandoned", F_OK) == 0 { await Task.yield() }
        #expect(driver.ended.withLock { $0 } == ["\(folder.path)/sessions/abandoned"])
        await manager.drain(grace: .zero)
    }

    @Test("A session whose record cannot be read keeps its files, and no other from starting")
    func unreadable() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.makeFolder("sessions/damaged/upper")
        _ = try folder.makeFolder("sessions/abandoned")
        do {
            let store = try Store(path: "\(folder.path)/sessions.sqlite")
            try store.save(record("running", .running))
            try store.save(record("damaged", .idle))
        }
        let other = try DatabaseQueue(path: "\(folder.path)/sessions.sqlite")
        try await other.write { try $0.execute(sql: "UPDATE session SET record = '{}' WHERE id = 'damaged'") }
        let driver = Driver()
        let manager = try await SessionManager(
            configuration: SessionManagerConfiguration(
                stateDirectory: folder.path, models: ModelCatalog([]), driver: driver))
        // What no session has is removed; by then the other would be, too.
        while access("\(folder.path)/sessions/abandoned", F_OK) == 0 { await Task.yield() }
        #expect(access("\(folder.path)/sessions/damaged/upper", F_OK) == 0)
        #expect(driver.ended.withLock { $0 }.contains("\(folder.path)/sessions/damaged"))
        #expect(try await manager.summary("running").state == .failed)
        let listed = try await manager.list(AgentList.Params()).sessions.map(\.sessionId)
        #expect(listed == ["running"])
        await manager.drain(grace: .zero)
    }

    @Test("A key whose session never began is free for the next request with it")
    func neverBegun() async throws {
        let folder = try TemporaryFolder()
        let workspace = try folder.makeFolder("workspace")
        do {
            let store = try Store(path: "\(folder.path)/sessions.sqlite")
            var session = record("never", .failed)
            session.idempotencyKey = "key"
            try store.save(session)
        }
        let models = ModelCatalog([(name: "m", provider: NoModel())])
        let manager = try await SessionManager(
            configuration: SessionManagerConfiguration(stateDirectory: folder.path, models: models, driver: Driver()))
        let params = AgentStart.Params(prompt: "p", workspaceFolder: workspace, idempotencyKey: "key")
        let first = try await manager.start(params, user: "")
        #expect(first.sessionId != "never")
        #expect(try await manager.start(params, user: "").sessionId == first.sessionId)
        await #expect(throws: ResponseError.self) { try await manager.summary("never") }
        await manager.drain(grace: .zero)
    }

    @Test("Sessions that have been over for longer than they are kept go with their result")
    func retention() async throws {
        let folder = try TemporaryFolder()
        try folder.write("sessions/old.result.json", "{}")
        try folder.write("sessions/new.result.json", "{}")
        do {
            let store = try Store(path: "\(folder.path)/sessions.sqlite")
            try store.save(record("old", .stopped))
            var recent = record("new", .stopped)
            recent.updatedAt = currentMilliseconds() - 86_000_000
            try store.save(recent)
        }
        var configuration = SessionManagerConfiguration(
            stateDirectory: folder.path, models: ModelCatalog([]), driver: Driver())
        configuration.retention.days = 1
        let manager = try await SessionManager(configuration: configuration)
        await manager.removeOld()
        #expect(try await manager.list(AgentList.Params()).sessions.map(\.sessionId) == ["new"])
        #expect(access("\(folder.path)/sessions/old.result.json", F_OK) != 0)
        #expect(access("\(folder.path)/sessions/new.result.json", F_OK) == 0)
        await manager.drain(grace: .zero)
    }
}
