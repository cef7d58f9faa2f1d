import Agent
import AgentProtocol
import JSONRPC
import Models
import Store

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension SessionManager {
    public func start(_ params: AgentStart.Params, user: String) async throws -> AgentStart.Result {
        try checkOpen()
        if let known = try known(params.idempotencyKey) { return known }
        try checkRoom()
        let replay = try await replay(params)
        guard replay != nil || !params.prompt.allSatisfy(\.isWhitespace) else { throw invalid("the prompt is empty") }
        if params.workspace != nil { return try await begin(params, try uploaded(params, user), nil, user, replay) }
        let folder = try place(params)
        // With unsaved buffers it would stand on another copy of the folder.
        let waiting = params.repository == nil && params.documents?.isEmpty ?? true ? await warm.take(folder) : nil
        do {
            return try await begin(params, folder, waiting, user, replay)
        } catch {
            await waiting?.prepared.sandbox.stop()
            throw error
        }
    }

    /// A folder that the client uploaded.
    private func uploaded(_ params: AgentStart.Params, _ user: String) throws -> String {
        guard let workspace = params.workspace, let folder = params.workspaceFolder, params.repository == nil,
            params.documents?.isEmpty ?? true
        else {
            throw invalid("with `workspace` there is a `workspaceFolder`, and neither `repository` nor `documents`")
        }
        _ = try UploadedSource(workspace, user: user, projects, bases)
        return try WorkspaceFolder.elsewhere(folder)
    }

    /// Where the files are, or will be in the sandbox.
    private func place(_ params: AgentStart.Params) throws -> String {
        guard let repository = params.repository else {
            guard let folder = params.workspaceFolder else {
                throw invalid("one of `workspaceFolder` and `repository` is needed")
            }
            return try WorkspaceFolder.path(folder)
        }
        guard params.workspaceFolder == nil, params.documents?.isEmpty ?? true else {
            throw invalid("with `repository` there is neither `workspaceFolder` nor `documents`")
        }
        _ = try transport(to: repository.remote)
        return RemoteRepository.folder(of: repository.remote)
    }

    /// The session that an earlier request with this key began.
    private func known(_ key: String?) throws -> AgentStart.Result? {
        guard let key, let known = try stored({ try store.session(idempotencyKey: key) }) else { return nil }
        let seq = try stored { try store.lastSeq(of: known.sessionId) }
        if seq == 0, live[known.sessionId] == nil {
            // The service ended, or its disk was full, before the session had begun.
            try stored { try store.remove(known.sessionId) }
            return nil
        }
        return AgentStart.Result(sessionId: known.sessionId, seq: seq)
    }

    private func begin(
        _ given: AgentStart.Params, _ folder: String, _ waiting: WarmPool.Waiting?, _ user: String,
        _ replay: SessionReplay?
    ) async throws -> AgentStart.Result {
        let params = try replay.map { try replayed(given, $0, in: folder) } ?? given
        // Once more: the same request may have come again, and the service may be ending, while the pool was asked.
        if let known = try known(params.idempotencyKey) {
            await waiting?.prepared.sandbox.stop()
            return known
        }
        try checkRoom()
        let name = try model(params.model, params.mode, of: replay?.catalog)
        try check(params.images, choice: params.model, params.mode, of: replay?.catalog)
        let id = waiting?.id ?? SessionIdentifier.make()
        let directory = directory(id)
        guard DirectoryMaker.make(directory) else {
            throw ResponseError(
                code: .internalError, message: "cannot make \(directory): \(String(cString: strerror(errno)))")
        }
        let now = creationTime()
        let title = params.prompt.split(separator: "\n").first.map { String($0.prefix(120)) } ?? ""
        let record = SessionRecord(
            sessionId: id, workspaceFolder: folder, title: title, model: name, state: .starting, createdAt: now,
            updatedAt: now, idempotencyKey: params.idempotencyKey, user: user, repository: params.repository)
        do {
            try stored { try store.save(record) }
        } catch {
            discard(id)
            throw error
        }
        do {
            if let text = given.replay?.recording { try await keepReplay(text, of: id) }
            return try await begin(record, params, waiting, replay)
        } catch {
            await forget(id)
            throw error
        }
    }

    private func begin(
        _ record: SessionRecord, _ params: AgentStart.Params, _ waiting: WarmPool.Waiting?, _ replay: SessionReplay?
    ) async throws -> AgentStart.Result {
        let id = record.sessionId
        let log = try stored { try EventLog(sessionId: id, store: store, isCharged: replay == nil) }
        var settings = settings(
            id, params, folder: record.workspaceFolder, model: record.model, user: record.user ?? "")
        settings.prepared = waiting?.prepared
        settings.source = source(params, record.user ?? "", log)
        try await apply(replay, to: &settings)
        let session = AgentSession(configuration: settings, log: log, observer: observer(of: id))
        live[id] = LiveSession(session: session, log: log, record: record, recording: settings.recording)
        countStart()
        await queue.announce(id, user: record.user ?? "")
        try await answering { try await session.start() }
        return AgentStart.Result(sessionId: id, seq: await log.seq)
    }
}
