import AgentProtocol
import JSON
import JSONRPC
import Store
import Synchronization

@testable import Service

/// Sessions that do what the test says: their logs are appended to by hand.
final class FakeBackend: SessionBackend {
    private struct Session {
        var events: [LoggedEvent] = []
        var pending: [ApprovalRequest] = []
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private struct State {
        var sessions: [String: Session] = [:]
        var feeds: [AsyncStream<ApprovalFeedItem>.Continuation] = []
        var answers: [(AgentApprove.Params, client: String)] = []
        var resolutions: [String: ApprovalResolution] = [:]
        var nextWaiter: UInt64 = 0
        var eventCalls = 0
        var drained: Duration?
        var live = 0
        var starts: [AgentStart.Params] = []
        var holdsStarts = false
    }

    private let state = Mutex(State())

    var models: [String] { ["fake-model"] }

    // MARK: What the test does

    /// Appends `count` message deltas of `bytes` characters.
    func append(_ count: Int, to session: String, bytes: Int = 10) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            var target = state.sessions[session] ?? Session()
            for _ in 0..<count {
                let seq = target.events.count + 1
                let text = String(repeating: "x", count: bytes)
                let params =
                    #"{"sessionId":"\#(session)","seq":\#(seq),"time":1,"event":{"type":"messageDelta","itemId":"m","text":"\#(text)"}}"#
                target.events.append(LoggedEvent(seq: seq, params: Array(params.utf8)))
            }
            let waiters = Array(target.waiters.values)
            target.waiters = [:]
            state.sessions[session] = target
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func makePending(_ approval: ApprovalRequest, in session: String) {
        let feeds = state.withLock { state in
            state.sessions[session, default: Session()].pending.append(approval)
            return state.feeds
        }
        for feed in feeds { feed.yield(.pending(sessionId: session, approval)) }
    }

    func holdStarts() { state.withLock { $0.holdsStarts = true } }

    func setLive(_ count: Int) { state.withLock { $0.live = count } }

    // MARK: What the test sees

    var answers: [AgentApprove.Params] { state.withLock { $0.answers.map(\.0) } }
    var answeringClients: [String] { state.withLock { $0.answers.map(\.client) } }
    var drainGrace: Duration? { state.withLock { $0.drained } }
    var startCount: Int { state.withLock { $0.starts.count } }
    var eventCalls: Int { state.withLock { $0.eventCalls } }

    // MARK: SessionBackend

    func start(_ params: AgentStart.Params, user: String) async throws -> AgentStart.Result {
        let holds = state.withLock { state in
            state.starts.append(params)
            return state.holdsStarts
        }
        if holds { try await Task.sleep(for: .seconds(3600)) }
        return AgentStart.Result(sessionId: "s1", seq: 0)
    }

    func negotiate(_ params: WorkspaceNegotiate.Params, user: String) async throws -> WorkspaceNegotiate.Result {
        WorkspaceNegotiate.Result(missing: params.objects, isNew: true)
    }

    func upload(_ params: WorkspaceUpload.Params, user: String) async throws -> WorkspaceUpload.Result {
        throw ResponseError(code: .methodNotFound, message: "uploads")
    }

    func prompt(_ params: AgentPrompt.Params) async throws -> AgentPrompt.Result { AgentPrompt.Result(seq: 1) }
    func cancel(_ params: SessionReference) async throws {}
    func fork(_ params: AgentFork.Params, user: String) async throws -> AgentFork.Result {
        AgentFork.Result(sessionId: "f1", seq: 2)
    }
    func restore(_ params: AgentRestore.Params) async throws -> AgentRestore.Result { AgentRestore.Result(seq: 1) }
    func publish(_ params: AgentPublish.Params, client: String) async throws -> AgentPublish.Result {
        AgentPublish.Result()
    }

    func usage(_ params: AgentUsage.Params) async throws -> AgentUsage.Result { AgentUsage.Result(rows: []) }
    func modelList() async -> AgentModels.Result { AgentModels.Result(names: models, models: [], roles: []) }
    func steps(_ params: AgentSteps.Params) async throws -> AgentSteps.Result {
        AgentSteps.Result(base: "b", tip: "b", prefix: "", commits: [], references: [])
    }
    func objects(_ params: AgentObjects.Params) async throws -> AgentObjects.Result { AgentObjects.Result(bytes: 0) }
    func pack(_ params: AgentPack.Params) async throws -> AgentPack.Result { AgentPack.Result(data: "", bytes: 0) }
    func recording(_ params: AgentRecording.Params) async throws -> AgentRecording.Result {
        AgentRecording.Result(data: "", bytes: 0)
    }
    func stop(_ params: SessionReference) async throws {}

    func list(_ params: AgentList.Params) async throws -> AgentList.Result {
        AgentList.Result(sessions: try state.withLock { Array($0.sessions.keys) }.sorted().map { try summarize($0) })
    }

    func summary(_ sessionId: String) async throws -> SessionSummary { try summarize(sessionId) }

    private func summarize(_ sessionId: String) throws -> SessionSummary {
        try state.withLock { state in
            guard let session = state.sessions[sessionId] else {
                throw ResponseError(code: .requestFailed, message: "no session \(sessionId)")
            }
            return SessionSummary(
                sessionId: sessionId, workspaceFolder: "/w", title: "t", state: .running, outcome: nil,
                model: "fake-model", createdAt: 1, updatedAt: 2, seq: session.events.count,
                pendingApprovals: session.pending, applied: false)
        }
    }

    func approve(_ params: AgentApprove.Params, client: String) async throws -> AgentApprove.Result {
        let (result, feeds) = state.withLock {
            state -> (AgentApprove.Result, [AsyncStream<ApprovalFeedItem>.Continuation]) in
            state.answers.append((params, client))
            if let known = state.resolutions[params.approvalId] {
                return (AgentApprove.Result(accepted: false, resolution: known), [])
            }
            let resolution = ApprovalResolution(
                approvalId: params.approvalId, cause: .answered, decision: params.decision, answeredBy: client)
            state.resolutions[params.approvalId] = resolution
            state.sessions[params.sessionId]?.pending.removeAll { $0.approvalId == params.approvalId }
            return (AgentApprove.Result(accepted: true, resolution: resolution), state.feeds)
        }
        for feed in feeds { feed.yield(.resolved(sessionId: params.sessionId, result.resolution)) }
        return result
    }

    func diff(_ params: AgentDiff.Params) async throws -> AgentDiff.Result {
        AgentDiff.Result(treeHash: "a", baseTreeHash: "b", files: [], patch: "")
    }

    func merge(_ params: AgentMerge.Params) async throws -> AgentMerge.Result { AgentMerge.Result(files: []) }

    func applied(_ params: AgentApplied.Params, client: String) async throws {}

    func egress(_ params: AgentEgress.Params, client: String) async throws -> AgentEgress.Result {
        AgentEgress.Result(phase: .agent, rules: [], denied: params.denied ?? [], ceiling: [])
    }

    func events(_ sessionId: String, afterSeq: Int, limit: Int) async throws -> [LoggedEvent] {
        state.withLock { $0.eventCalls += 1 }
        while true {
            try Task.checkCancellation()
            let found = state.withLock { state in
                Array((state.sessions[sessionId]?.events ?? []).dropFirst(afterSeq).prefix(limit))
            }
            if !found.isEmpty { return found }
            await waitForEvent(sessionId, afterSeq)
        }
    }

    private func waitForEvent(_ sessionId: String, _ afterSeq: Int) async {
        let ticket = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if Task.isCancelled || (state.sessions[sessionId]?.events.count ?? 0) > afterSeq { return true }
                    state.sessions[sessionId, default: Session()].waiters[ticket] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sessions[sessionId]?.waiters.removeValue(forKey: ticket) }?.resume()
        }
    }

    func approvalFeed() async -> AsyncStream<ApprovalFeedItem> {
        let (stream, feed) = AsyncStream.makeStream(of: ApprovalFeedItem.self)
        state.withLock { $0.feeds.append(feed) }
        return stream
    }

    var liveSessions: Int { get async { state.withLock { $0.live } } }

    func metrics() async -> [MetricSample] {
        [
            MetricSample(
                name: "cofferdam_fake", help: "A \"fake\"\nmetric.", kind: .gauge,
                labels: [.init("name", "a\"b\\c\nd")],
                value: 1.5)
        ]
    }

    func drain(grace: Duration) async { state.withLock { $0.drained = grace } }
}

extension ApprovalRequest {
    static func example(_ id: String) -> ApprovalRequest {
        ApprovalRequest(
            approvalId: id, toolCallId: "t", tool: "shell", title: "Run: make clean", reason: "rule", arguments: [:],
            expiresAt: 1)
    }
}
