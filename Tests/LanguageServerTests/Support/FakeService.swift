import AgentProtocol
import JSON
import JSONRPC
import ServiceClient
import Synchronization

/// A service that answers as it is told and sends the events that a test makes.
final class FakeService: AgentServiceConnection {
    typealias Responder = @Sendable (JSON) throws -> JSON

    private struct State {
        var responders: [String: Responder] = [:]
        var calls: [(method: String, params: JSON)] = []
        var waiters: [(method: String, continuation: CheckedContinuation<JSON, Never>)] = []
        var handlers: ServiceClientHandlers?
        var seq: [String: Int] = [:]
        var log: [String: [AgentProgress.Params]] = [:]
        var summaries: [String: SessionSummary] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    init() {
        respond(AgentStart.method) { _ in ["sessionId": "s1a2b3", "seq": 0] }
        for method in [AgentCancel.method, AgentStop.method, AgentApplied.method] { respond(method) { _ in [:] } }
        respond(AgentPrompt.method) { _ in ["seq": 1] }
        respond(AgentList.method) { _ in ["sessions": []] }
        respond(AgentApprove.method) { params in
            var resolution: JSON = ["cause": "answered", "answeredBy": "test"]
            resolution["approvalId"] = params["approvalId"]
            resolution["decision"] = params["decision"]
            return ["accepted": true, "resolution": resolution]
        }
    }

    func connect(_ handlers: ServiceClientHandlers) { state.withLock { $0.handlers = handlers } }
    var handlers: ServiceClientHandlers? { state.withLock { $0.handlers } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func respond(_ method: String, _ responder: @escaping Responder) {
        state.withLock { $0.responders[method] = responder }
    }

    func calls(_ method: String) -> [JSON] {
        state.withLock { $0.calls.filter { $0.method == method }.map(\.params) }
    }

    var callCount: Int { state.withLock { $0.calls.count } }

    /// The first call of a method that was not awaited yet.
    func nextCall(_ method: String) async -> JSON {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> JSON? in
                if let index = state.calls.firstIndex(where: { $0.method == method }) {
                    return state.calls.remove(at: index).params
                }
                state.waiters.append((method, continuation))
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    private func record(_ method: String, _ params: JSON) {
        let waiter = state.withLock { state -> CheckedContinuation<JSON, Never>? in
            if let index = state.waiters.firstIndex(where: { $0.method == method }) {
                return state.waiters.remove(at: index).continuation
            }
            state.calls.append((method, params))
            return nil
        }
        waiter?.resume(returning: params)
    }

    /// Puts an event into the log without sending it: history for whoever attaches.
    @discardableResult
    func log(_ event: AgentEvent, session: String = "s1a2b3") -> AgentProgress.Params {
        state.withLock { state in
            let seq = state.seq[session, default: 0] + 1
            state.seq[session] = seq
            let params = AgentProgress.Params(
                sessionId: session, seq: seq, time: 1_700_000_000_000 + seq * 1000, event: event)
            state.log[session, default: []].append(params)
            return params
        }
    }

    /// Logs an event and delivers it; returns when the language server is done with it.
    func emit(_ event: AgentEvent, session: String = "s1a2b3") async {
        let params = log(event, session: session)
        await handlers?.progress(params)
    }

    func describe(_ summary: SessionSummary) { state.withLock { $0.summaries[summary.sessionId] = summary } }

    // MARK: AgentServiceConnection

    func call<R: RequestType>(_ type: R.Type, _ params: R.Params) async throws -> R.Result {
        let json = try JSONCoder.encode(params)
        record(R.method, json)
        guard let responder = state.withLock({ $0.responders[R.method] }) else {
            throw ResponseError(code: .methodNotFound, message: "the fake service has no \(R.method)")
        }
        return try JSONCoder.decode(R.Result.self, from: try responder(json))
    }

    func attach(_ sessionId: String, afterSeq: Int) async throws -> AgentAttach.Result {
        let (events, seq, summary) = state.withLock { state in
            (
                state.log[sessionId, default: []].filter { $0.seq > afterSeq }, state.seq[sessionId] ?? 0,
                state.summaries[sessionId]
            )
        }
        // Before the answer, which is the harder order.
        for event in events { await handlers?.progress(event) }
        record(AgentAttach.method, ["sessionId": .string(sessionId), "afterSeq": .number(JSONNumber(afterSeq))])
        let fallback = Sample.summary(sessionId, folder: "/nowhere")
        return AgentAttach.Result(session: summary ?? fallback, seq: seq)
    }

    func detach(_ sessionId: String) async throws { record(AgentDetach.method, ["sessionId": .string(sessionId)]) }

    func initializeResult() async throws -> ServiceInitialize.Result {
        ServiceInitialize.Result(serverInfo: ProgramInfo(name: "fake"), models: ["test"])
    }

    func close() async { state.withLock { $0.isClosed = true } }
}
