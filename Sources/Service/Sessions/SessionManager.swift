import Agent
import AgentProtocol
import JSONRPC
import Models
import Sandbox
import Store
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// All sessions of a service: the live ones in memory, the others in the store.
public actor SessionManager: SessionBackend {
    public nonisolated let models: [String]
    nonisolated let configuration: SessionManagerConfiguration
    let store: Store
    /// Copies of users' folders that sessions share.
    let bases: BaseStore
    /// Copies of remote repositories that they share.
    let mirrors: MirrorStore
    /// What clients upload of workspaces that this machine does not have.
    let projects: ProjectStore
    let warm: WarmPool
    /// Pushes again what sessions mend after a push; nil where nothing may be pushed.
    private(set) var desk: PublicationDesk?
    /// What checks said of untouched trees.
    private let baselines: BaselineStore
    /// What answers under way in all sessions will spend.
    private let reservations = BudgetReservations()
    nonisolated let queue: SessionQueue
    private let lock: StateLock
    var live: [String: LiveSession] = [:]
    /// Sessions whose result is being published.
    var publishing: Set<String> = []
    private var draining = false
    private var feeds: [Int: AsyncStream<ApprovalFeedItem>.Continuation] = [:]
    private var nextFeed = 0
    private(set) var started = 0
    var lastCreation = 0
    private(set) var outcomes: [TurnOutcome: Int] = [:]
    private var janitor: Task<Void, Never>?

    /// Opens the store and takes up what a service before left.
    /// - Throws: `StoreError`.
    public init(configuration: SessionManagerConfiguration) async throws {
        self.configuration = configuration
        models = configuration.models.names
        queue = SessionQueue(configuration.concurrency)
        guard DirectoryMaker.make(configuration.stateDirectory),
            let lock = StateLock(directory: configuration.stateDirectory)
        else {
            throw StoreError.cannotOpen(
                path: configuration.stateDirectory,
                reason: "it cannot be written, or another service keeps its sessions there (see --state-directory)")
        }
        self.lock = lock
        store = try Store(
            path: "\(configuration.stateDirectory)/sessions.sqlite", secrets: configuration.secrets)
        do {
            bases = try BaseStore(
                directory: "\(configuration.stateDirectory)/bases",
                budget: .init(
                    bytes: configuration.warmPool.diskBytes, folders: configuration.warmPool.repositories),
                holders: Set(try store.liveSessions().sessionIds))
            mirrors = try MirrorStore(directory: "\(configuration.stateDirectory)/mirrors")
            projects = try ProjectStore(directory: "\(configuration.stateDirectory)/projects")
        } catch let error as WorkspaceError {
            throw StoreError.cannotOpen(path: configuration.stateDirectory, reason: error.description)
        }
        baselines = BaselineStore(directory: "\(configuration.stateDirectory)/baselines")
        let sessions = "\(configuration.stateDirectory)/sessions"
        warm = WarmPool(
            configuration.warmPool, bases: bases, driver: configuration.driver,
            environments: configuration.environments, directory: { "\(sessions)/\($0)" })
        desk = configuration.remotes.map { access in
            PublicationDesk(access) { [weak self] in try await self?.publication($0, client: "afterPush") }
        }
        try await takeUpInterrupted()
        await mirrors.keepOnly(Set(live.keys))
        warmUp()
        janitor = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(30))
                await self?.stopIdle()
                await self?.removeOld()
                await self?.warmUp()
            }
        }
    }

    // MARK: Starting

    func checkOpen() throws {
        guard !draining else { throw ResponseError(code: .overloaded, message: "the service is shutting down") }
    }

    /// Whether one more session may begin.
    func checkRoom() throws {
        try checkOpen()
        guard live.count < configuration.maximumLiveSessions else {
            throw ResponseError(
                code: .overloaded,
                message: "\(live.count) sessions are live, which is the limit; stop one (cofferdam stop) and try again")
        }
    }

    func countStart() { started += 1 }

    /// What a session of this service is made with.
    func settings(
        _ id: String, _ params: AgentStart.Params, folder: String, model: String, user: String
    ) -> AgentSessionConfiguration {
        var settings = AgentSessionConfiguration(
            sessionId: id, start: params, workspaceFolder: folder, modelName: model, models: configuration.models,
            driver: configuration.driver, stateDirectory: directory(id), policyLayers: configuration.policyLayers,
            limits: configuration.limits)
        settings.resources = configuration.resources
        settings.temporaryBytes = configuration.temporaryBytes
        settings.network = configuration.network
        settings.publications = desk
        settings.secrets = configuration.secrets
        settings.budgets = configuration.budgets.limits
        settings.ledger = StoreLedger(store: store)
        settings.reservations = reservations
        settings.afterPush = configuration.afterPush.watch
        settings.environments = configuration.environments
        settings.bases = bases
        settings.userEnvironment = configuration.userEnvironment
        settings.admission = queue
        settings.user = user
        settings.baselines = baselines
        settings.organisationChecks = configuration.checks.checks(folder: folder) {
            if let repository = params.repository { return [repository.remote] }
            // A folder of this name on this machine has nothing to do with one that was uploaded.
            return params.workspace == nil ? WorkspaceRemotes.addresses(of: folder) : []
        }
        return settings
    }

    func stateChanged(_ id: String, _ state: SessionState, _ outcome: TurnOutcome?) async {
        guard var entry = live[id] else { return }
        entry.record.state = state
        entry.record.outcome = outcome
        entry.record.updatedAt = currentMilliseconds()
        entry.idleSince = state == .idle ? .now : nil
        if state == .idle, let outcome { outcomes[outcome, default: 0] += 1 }
        live[id] = state.isLive ? entry : nil
        try? store.save(entry.record)
        if !state.isLive {
            try? store.forgetKept(of: id)
            await entry.recording?.settle()
            await removeReplay(of: id)
            await queue.leave(id)
            await entry.log.close()
            discard(id)
        }
        if state == .idle || !state.isLive { warmUp() }
    }

    nonisolated func directory(_ id: String) -> String { "\(configuration.stateDirectory)/sessions/\(id)" }

    /// A session that could not begin: as if it had not been asked for, so that the same request can come again.
    func forget(_ id: String) async {
        live[id] = nil
        await queue.leave(id)
        discard(id)
        await removeReplay(of: id)
        await RecordingFile.remove(stateDirectory: directory(id))
        let repository = repository(id)
        Task.detached { try? await Background.run { repository.remove() } }
        do { try store.remove(id) } catch {
            configuration.log.warning("a session that could not begin is still listed", ["session": id])
        }
    }

    /// The sandbox's files go; events, record and result stay.
    nonisolated func discard(_ id: String) {
        let directory = directory(id)
        Task.detached {
            try? await Background.run { try LocalDriver.discard(stateDirectory: directory) }
            await self.bases.release(id)
            await self.mirrors.release(id)
            await self.projects.release(id)
        }
    }

    // MARK: Verbs on a session

    public func prompt(_ params: AgentPrompt.Params) async throws -> AgentPrompt.Result {
        let entry = try liveSession(params.sessionId)
        guard !params.text.allSatisfy(\.isWhitespace) else { throw invalid("the prompt is empty") }
        live[params.sessionId]?.idleSince = nil
        return AgentPrompt.Result(seq: try await answering { try await entry.session.prompt(params) })
    }

    public func cancel(_ params: SessionReference) async throws {
        let entry = try liveSession(params.sessionId)
        await entry.session.cancel()
    }

    public func stop(_ params: SessionReference) async throws {
        guard let entry = live[params.sessionId] else {
            _ = try record(params.sessionId)  // stopping twice is no error, an unknown session is
            return
        }
        // Acknowledged at once; the end is an event.
        Task { await entry.session.stop(reason: "stopped by the user") }
    }

    public func approve(_ params: AgentApprove.Params, client: String) async throws -> AgentApprove.Result {
        let entry = try liveSession(params.sessionId)
        guard let result = await entry.session.approve(params, client: client) else {
            throw invalid("the session has no approval `\(params.approvalId)`")
        }
        return result
    }

    public func diff(_ params: AgentDiff.Params) async throws -> AgentDiff.Result {
        if params.step != nil || params.from != nil { return try await stepDifference(params) }
        if let entry = live[params.sessionId] {
            do {
                return try await answering { try await entry.session.diff(params) }
            } catch {
                // It may have ended meanwhile: what it kept is its result.
                if await entry.session.state.isLive { throw error }
            }
        }
        let record = try record(params.sessionId)
        let file = ResultFile(stateDirectory: directory(params.sessionId))
        guard let result = try await answering({ try await file.load() }) else {
            throw invalid("the session `\(params.sessionId)` is over (\(record.state.rawValue)) and left no result")
        }
        return result.selecting(params)
    }

    public func applied(_ params: AgentApplied.Params, client: String) async throws {
        var record = try record(params.sessionId)
        let log = try live[params.sessionId]?.log ?? stored { try EventLog(sessionId: params.sessionId, store: store) }
        _ = try await answering {
            try await log.append(
                .resultApplied(
                    ResultApplied(
                        applied: params.applied, conflicts: params.conflicts, treeHash: params.treeHash,
                        client: client, scope: params.scope)))
        }
        guard params.conflicts.isEmpty, params.scope != .part else { return }
        record.applied = params.scope != .undone
        live[params.sessionId]?.record.applied = record.applied
        try stored { try store.save(record) }
    }

    // MARK: Reading

    public func events(_ sessionId: String, afterSeq: Int, limit: Int) async throws -> [LoggedEvent] {
        while true {
            if let entry = live[sessionId] {
                do {
                    return try await entry.log.events(afterSeq: afterSeq, limit: limit)
                } catch is CancellationError where !Task.isCancelled {
                    continue  // the session ended while we waited: the rest is in the store
                }
            }
            _ = try record(sessionId)
            let events = try stored { try store.events(of: sessionId, afterSeq: afterSeq, limit: limit) }
            if !events.isEmpty { return events }
            // An ended session says nothing more: the caller waits until it goes away.
            try await Task.sleep(for: .seconds(3600))
        }
    }

    public func approvalFeed() async -> AsyncStream<ApprovalFeedItem> {
        let id = nextFeed
        nextFeed += 1
        let (stream, continuation) = AsyncStream.makeStream(of: ApprovalFeedItem.self)
        for (sessionId, entry) in live {
            for request in await entry.session.pendingApprovals {
                continuation.yield(.pending(sessionId: sessionId, request))
            }
        }
        feeds[id] = continuation
        continuation.onTermination = { _ in Task { await self.endFeed(id) } }
        return stream
    }

    private func endFeed(_ id: Int) { feeds[id] = nil }

    func feed(_ item: ApprovalFeedItem) {
        for continuation in feeds.values { continuation.yield(item) }
    }

    public func list(_ params: AgentList.Params) async throws -> AgentList.Result {
        let limit = params.limit ?? 50
        guard (1...200).contains(limit) else { throw invalid("`limit` must be from 1 to 200") }
        let folder = try params.workspaceFolder.map(WorkspaceFolder.anyPath)
        let records = try stored {
            try store.sessions(workspaceFolder: folder, before: params.cursor, limit: limit + 1)
        }
        var summaries: [SessionSummary] = []
        for record in records.prefix(limit) { summaries.append(try await summary(of: record)) }
        return AgentList.Result(
            sessions: summaries, nextCursor: records.count > limit ? summaries.last?.sessionId : nil)
    }

    public func summary(_ sessionId: String) async throws -> SessionSummary {
        try await summary(of: try record(sessionId))
    }

    private func summary(of stored: SessionRecord) async throws -> SessionSummary {
        let entry = live[stored.sessionId]
        let record = entry?.record ?? stored
        let seq: Int
        if let entry {
            seq = await entry.log.seq
        } else {
            seq = try self.stored { try store.lastSeq(of: record.sessionId) }
        }
        return SessionSummary(
            sessionId: record.sessionId, workspaceFolder: record.workspaceFolder, title: record.title,
            state: record.state, outcome: record.outcome, model: record.model, createdAt: record.createdAt,
            updatedAt: record.updatedAt, seq: seq, pendingApprovals: await entry?.session.pendingApprovals ?? [],
            applied: record.applied, parent: record.parent, queuePosition: await queue.position(of: record.sessionId),
            repository: record.repository)
    }

    public var liveSessions: Int { live.count }

    // MARK: Ending

    private func stopIdle() async {
        for (_, entry) in live {
            guard let since = entry.idleSince, .now - since > configuration.sessionIdleTimeout else { continue }
            // It waits for its forge, which takes as long as it takes; that has a limit of its own.
            guard await !entry.session.isWatching else { continue }
            await entry.session.stop(
                reason: "no prompt came for \(configuration.sessionIdleTimeout.components.seconds) s")
        }
    }

    public func drain(grace: Duration) async {
        draining = true
        janitor?.cancel()
        let deadline = ContinuousClock.now + grace
        while ContinuousClock.now < deadline {
            var busy = false
            for entry in live.values where await entry.session.isBusy { busy = true }
            if !busy { break }
            try? await Task.sleep(for: .milliseconds(50))
        }
        await withTaskGroup(of: Void.self) { group in
            for entry in live.values {
                // Its forge is not done with it: the next service goes on with it, as after a kill.
                if await entry.session.isWatching { continue }
                group.addTask {
                    await entry.session.stop(reason: "the service was shut down")
                    // Someone else may have begun to: a service that ends first would leave the sandbox behind.
                    await entry.session.ended()
                }
            }
            group.addTask { [warm] in await warm.close() }
            group.addTask { [desk] in await desk?.shutdown() }
        }
    }

    // MARK: Errors

    func record(_ id: String) throws -> SessionRecord {
        if let entry = live[id] { return entry.record }
        guard let record = try stored({ try store.session(id) }) else { throw invalid("there is no session `\(id)`") }
        return record
    }

    func liveSession(_ id: String) throws -> LiveSession {
        if let entry = live[id] { return entry }
        throw invalid("the session `\(id)` is over (\(try record(id).state.rawValue))")
    }

    func invalid(_ text: String) -> ResponseError { ResponseError(code: .invalidParams, message: text) }

    func stored<T>(_ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as StoreError {
            throw ResponseError(code: .internalError, message: error.description)
        }
    }

    func answering<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as AgentError {
            throw ResponseError(code: .invalidParams, message: error.description)
        } catch let error as ResponseError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw ResponseError(code: .internalError, message: "\(error)")
        }
    }
}
