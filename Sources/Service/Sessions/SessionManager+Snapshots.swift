import Agent
import AgentProtocol
import JSONRPC
import Store

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension SessionManager {
    public func restore(_ params: AgentRestore.Params) async throws -> AgentRestore.Result {
        let entry = try liveSession(params.sessionId)
        let seq = try await answering { try await entry.session.restore(params) }
        // What was applied before is no longer the session's result.
        if var record = live[params.sessionId]?.record, record.applied {
            record.applied = false
            live[params.sessionId]?.record.applied = false
            try stored { try store.save(record) }
        }
        return AgentRestore.Result(seq: seq)
    }

    public func fork(_ params: AgentFork.Params, user: String) async throws -> AgentFork.Result {
        try checkRoom()
        let parent = try liveSession(params.sessionId)
        let id = SessionIdentifier.make()
        let directory = directory(id)
        guard DirectoryMaker.make(directory) else {
            throw ResponseError(
                code: .internalError, message: "cannot make \(directory): \(String(cString: strerror(errno)))")
        }
        do {
            let point = try await answering {
                let point = try await parent.session.forkPoint(step: params.step, into: directory)
                try await bases.share(point.base, with: id)
                try await mirrors.share(params.sessionId, with: id)
                try await configuration.environments?.share(self.directory(params.sessionId), with: directory)
                return point
            }
            return try await begin(id, point, parent.record, params.prompt ?? "", user)
        } catch {
            await forget(id)
            throw error
        }
    }

    private func begin(
        _ id: String, _ point: ForkPoint, _ parent: SessionRecord, _ prompt: String, _ user: String
    ) async throws -> AgentFork.Result {
        var start = point.start
        start.prompt = prompt
        start.context = nil
        start.images = nil
        start.documents = nil
        start.idempotencyKey = nil
        // Neither begins in the middle; a fork of a replay goes on with real models.
        start.record = nil
        start.replay = nil
        let name = try model(start.model, start.mode)
        let now = creationTime()
        let title = prompt.split(separator: "\n").first.map { String($0.prefix(120)) } ?? parent.title
        let record = SessionRecord(
            sessionId: id, workspaceFolder: parent.workspaceFolder, title: title, model: name, state: .starting,
            createdAt: now, updatedAt: now, parent: parent.sessionId, user: user,
            repository: parent.repository)
        // Once more: the service may be ending by now.
        try checkRoom()
        try stored { try store.save(record) }
        let log = try stored { try EventLog(sessionId: id, store: store) }
        var settings = settings(id, start, folder: parent.workspaceFolder, model: name, user: user)
        // Decided when the other session was started.
        settings.limits = point.limits
        settings.source = source(start, user, log)
        settings.resources = point.resources
        settings.temporaryBytes = point.temporaryBytes
        let session = AgentSession(configuration: settings, log: log, observer: observer(of: id))
        live[id] = LiveSession(session: session, log: log, record: record)
        countStart()
        await queue.announce(id, user: user)
        try await answering { try await session.start(from: point) }
        return AgentFork.Result(sessionId: id, seq: await log.seq)
    }
}
