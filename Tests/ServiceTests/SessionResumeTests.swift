import Agent
import AgentProtocol
import Glibc
import JSON
import Sandbox
import Store
import Synchronization
import TestSupport
import Testing

@testable import Service

@Suite("Sessions that a former service left", .timeLimit(.minutes(1)))
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
}
