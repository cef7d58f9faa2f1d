import AgentProtocol
import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The append-only log of one live session: one writer, any number of readers with a cursor each.
///
/// An event is stored before any reader sees it, and readers see it once, in order. Readers that keep up are served
/// from memory, the others from the store; no reader slows the session.
public actor EventLog {
    public let sessionId: String
    private let store: Store
    private var lastSeq: Int
    /// The newest events, contiguous up to `lastSeq`.
    private var recent: [LoggedEvent] = []
    private var recentBytes = 0
    private var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]
    private var nextWaiter: UInt64 = 0
    private var closed = false
    /// Of the session's record, from its first model answer on.
    private var payer: Payer?
    /// Whether answers cost anything: those of a replay do not.
    private let isCharged: Bool

    private struct Payer {
        var user: String
        var model: String
        var repository: String
    }

    /// What is kept in memory for readers that keep up: enough for a burst, far below the 2 MiB a session may take.
    private static let recentLimit = 256
    private static let recentByteLimit = 512 << 10

    /// - Parameter isCharged: whether what models took, and the work, count in the sums of all sessions.
    public init(sessionId: String, store: Store, isCharged: Bool = true) throws(StoreError) {
        self.sessionId = sessionId
        self.isCharged = isCharged
        self.store = store
        lastSeq = try store.lastSeq(of: sessionId)
    }

    /// Sequence number of the newest event.
    public var seq: Int { lastSeq }

    /// Stores the event and wakes the readers.
    /// - Parameters:
    ///   - changes: to what the session keeps, in the same transaction.
    ///   - work: for the sums of the day, likewise.
    /// - Returns: its sequence number.
    @discardableResult
    public func append(
        _ event: AgentEvent, keeping changes: [KeptChange] = [], working work: Store.Work? = nil
    ) throws(StoreError) -> Int {
        let seq = lastSeq + 1
        let params = AgentProgress.Params(sessionId: sessionId, seq: seq, time: currentMilliseconds(), event: event)
        let bytes: [UInt8]
        do { bytes = store.clean(try JSONCoder.encode(params).serialized()) } catch {
            throw .writeFailed(reason: "\(error)")
        }
        let logged = LoggedEvent(seq: seq, params: bytes)
        try store.append(
            [logged], keeping: changes, charging: try charge(event, params.time),
            working: try charge(work, params.time), to: sessionId)
        lastSeq = seq
        recent.append(logged)
        recentBytes += bytes.count
        while recent.count > Self.recentLimit || (recentBytes > Self.recentByteLimit && recent.count > 1) {
            recentBytes -= recent.removeFirst().params.count
        }
        wakeAll()
        return seq
    }

    /// What an event says that a model took, for the sums of all sessions.
    private func charge(_ event: AgentEvent, _ time: Int) throws(StoreError) -> Store.UsageEntry? {
        guard isCharged else { return nil }
        let (model, tokens, cost): (String?, TokenUsage, Int?)
        var answers = 1
        switch event {
        case .usageUpdated(let usage):
            (model, tokens, cost) = (usage.model, usage.step, usage.costMicros)
            if usage.estimated == true { answers = 0 }
        case .modelCallServed(let call):
            guard call.model != nil else { return nil }
            (model, tokens, cost) = (call.model, call.usage, call.costMicros)
        default: return nil
        }
        guard let payer = try knownPayer() else { return nil }
        return Store.UsageEntry(
            time: time, user: payer.user, repository: payer.repository, model: model ?? payer.model,
            tokens: tokens, costMicros: cost, answers: answers)
    }

    private func charge(_ work: Store.Work?, _ time: Int) throws(StoreError) -> (Store.Work, user: String, time: Int)? {
        guard isCharged, let work, work != Store.Work(), let payer = try knownPayer() else { return nil }
        return (work, payer.user, time)
    }

    private func knownPayer() throws(StoreError) -> Payer? {
        if payer == nil {
            let record = try store.session(sessionId)
            payer = Payer(
                user: record?.user ?? "", model: record?.model ?? "",
                repository: record?.repository?.remote ?? record?.workspaceFolder ?? "")
        }
        return payer
    }

    /// Changes what the session keeps, without an event.
    /// - Parameter work: for the sums of the day, in the same transaction.
    public func keep(_ changes: [KeptChange], working work: Store.Work? = nil) throws(StoreError) {
        guard !changes.isEmpty || work != nil else { return }
        try store.append(
            [], keeping: changes, working: try charge(work, currentMilliseconds()), to: sessionId)
    }

    /// Events after `afterSeq`, at least one and at most `limit`; suspends until there is one.
    /// - Throws: `CancellationError` when the task is cancelled, or the log is closed and has no more; `StoreError`.
    public nonisolated func events(afterSeq: Int, limit: Int) async throws -> [LoggedEvent] {
        let limit = max(1, limit)
        if let events = try await recentEvents(afterSeq: afterSeq, limit: limit) { return events }
        // Not on the actor: a reader that is behind must not hold up the writer.
        return try store.events(of: sessionId, afterSeq: afterSeq, limit: limit)
    }

    /// - Returns: nil when the events are no longer in memory.
    private func recentEvents(afterSeq: Int, limit: Int) async throws -> [LoggedEvent]? {
        while afterSeq >= lastSeq {
            if closed { throw CancellationError() }
            try await waitForEvent()
        }
        guard let first = recent.first, afterSeq + 1 >= first.seq else { return nil }
        return Array(recent[(afterSeq + 1 - first.seq)...].prefix(limit))
    }

    /// Ends every wait; events already stored can still be read.
    public func close() {
        closed = true
        let ended = waiters
        waiters = [:]
        for waiter in ended.values { waiter.resume(throwing: CancellationError()) }
    }

    private func waitForEvent() async throws {
        let id = nextWaiter
        nextWaiter += 1
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters[id] = continuation
                }
            }
        } onCancel: {
            Task { await self.cancelWait(id) }
        }
    }

    private func cancelWait(_ id: UInt64) {
        waiters.removeValue(forKey: id)?.resume(throwing: CancellationError())
    }

    private func wakeAll() {
        guard !waiters.isEmpty else { return }
        let woken = waiters
        waiters = [:]
        for waiter in woken.values { waiter.resume() }
    }
}

/// Milliseconds since 1970 (UTC).
public func currentMilliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
}
