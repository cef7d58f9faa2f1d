import AgentProtocol
import Egress
import Store
import Synchronization

/// Writes a gateway's decisions into a session's log, at a rate that no sandbox can drive up.
///
/// The first of equal decisions is an event at once. Those that follow within the same time are counted, their bytes added
/// up, and told in one event at its end. No decision is lost, and none is told twice.
final class DecisionLog: Sendable {
    /// Long enough that a loop makes little of a log, short enough for somebody who watches.
    static let window = Duration.seconds(5)
    /// Different decisions within a window that are told apart; all further ones are counted together.
    static let mostKinds = 128
    /// Bytes of a host and of a path in an event.
    private static let mostText = 256

    private struct Kind: Hashable {
        var ruleId: String?
        var verdict: EgressDecision.Verdict
        var phase: EgressDecision.Phase
        var reason: EgressReason
        var scheme: EgressRule.Scheme
        var host: String
        var port: Int
        var method: String?
    }

    private struct State {
        /// Events that can be written now.
        var ready: [EgressDecided] = []
        /// What was told in this window already; with the events that stand for what came since.
        var kinds: [Kind: EgressDecided?] = [:]
        /// In the order of their first decision.
        var order: [Kind] = []
        /// Decisions beyond the kinds that are told apart, by verdict.
        var others: [EgressVerdict: EgressDecided] = [:]
        /// Writes what is ready.
        var writer: Task<Void, Never>?
        /// Waits for the end of the window.
        var timer: Task<Void, Never>?
        var isClosed = false
        /// What was refused and not told to the model yet.
        var refusals: [String] = []
        var untoldRefusals = 0
    }

    private let log: EventLog
    private let window: Duration
    private let state = Mutex(State())

    init(_ log: EventLog, window: Duration = DecisionLog.window) {
        self.log = log
        self.window = window
    }

    /// Takes a decision; called on an event loop, returns at once.
    func record(_ decision: EgressDecision) {
        let kind = Kind(
            ruleId: decision.ruleId, verdict: decision.verdict, phase: decision.phase, reason: decision.reason,
            scheme: decision.scheme, host: decision.host, port: decision.port, method: decision.method)
        let event = EgressDecided(decision, mostText: Self.mostText)
        state.withLock { state in
            if state.isClosed { return }
            if event.verdict == .deny { Self.note(event, &state) }
            if let waiting = state.kinds[kind] {
                state.kinds[kind] = .some(waiting.map { $0.adding(event) } ?? event)
            } else if state.kinds.count < Self.mostKinds {
                state.kinds[kind] = .some(nil)
                state.order.append(kind)
                state.ready.append(event)
            } else {
                state.others[event.verdict] = state.others[event.verdict].map { $0.adding(event) } ?? event.anonymous
            }
            startWriter(&state)
            guard state.timer == nil else { return }
            let window = window
            state.timer = Task { [weak self] in
                try? await Task.sleep(for: window)
                self?.windowEnded()
            }
        }
    }

    /// Lines of refusals that are kept for the model: what it can learn from more is little.
    private static let mostRefusals = 10

    private static func note(_ event: EgressDecided, _ state: inout State) {
        let method = event.method.map { "\($0) " } ?? ""
        let host = event.host.contains(":") ? "[\(event.host)]" : event.host
        let line = "\(method)\(event.scheme)://\(host):\(event.port)\(event.path ?? ""): \(event.reason)"
        if state.refusals.contains(line) { return }
        if state.refusals.count < mostRefusals { state.refusals.append(line) } else { state.untoldRefusals += 1 }
    }

    /// What was refused since the last call, a line each.
    func takeRefusals() -> [String] {
        state.withLock { state in
            defer { (state.refusals, state.untoldRefusals) = ([], 0) }
            return state.refusals + (state.untoldRefusals > 0 ? ["and \(state.untoldRefusals) more"] : [])
        }
    }

    private func startWriter(_ state: inout State) {
        guard state.writer == nil, !state.ready.isEmpty else { return }
        state.writer = Task { await self.write() }
    }

    private func write() async {
        while true {
            let events = state.withLock { state in
                defer { state.ready = [] }
                if state.ready.isEmpty { state.writer = nil }
                return state.ready
            }
            if events.isEmpty { return }
            for event in events { _ = try? await log.append(.egressDecided(event)) }
        }
    }

    private func windowEnded() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.timer = nil
            Self.endWindow(&state)
            startWriter(&state)
        }
    }

    private static func endWindow(_ state: inout State) {
        let repeated = state.order.compactMap { state.kinds[$0] ?? nil }
        let others = [EgressVerdict.allow, .deny].compactMap { state.others[$0] }
        state.ready += repeated + others
        state.kinds = [:]
        state.order = []
        state.others = [:]
    }

    /// Writes all that is left. What is recorded later goes nowhere.
    func close() async {
        let writer = state.withLock { state in
            state.isClosed = true
            state.timer?.cancel()
            Self.endWindow(&state)
            startWriter(&state)
            return state.writer
        }
        await writer?.value
    }
}

extension EgressDecided {
    init(_ decision: EgressDecision, mostText: Int) {
        let reason =
            decision.reason == .allowed || decision.reason == .finished
            ? decision.ruleId.map { "\($0) allows it" } ?? decision.reason.explanation : decision.reason.explanation
        self.init(
            ruleId: decision.ruleId, verdict: decision.verdict == .allow ? .allow : .deny, reason: reason,
            scheme: decision.scheme.rawValue, host: Self.capped(decision.host, mostText), port: decision.port,
            method: decision.method.map { Self.capped($0, 32) }, path: decision.path.map { Self.capped($0, mostText) },
            bytesUp: decision.bytesUp, bytesDown: decision.bytesDown,
            phase: decision.phase == .opened ? .opened : .closed)
    }

    private static func capped(_ text: String, _ bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        return String(decoding: text.utf8.prefix(bytes), as: UTF8.self) + "…"
    }

    /// This event for one more decision of its kind.
    func adding(_ other: EgressDecided) -> EgressDecided {
        var sum = self
        sum.count = (count ?? 1) + (other.count ?? 1)
        sum.bytesUp += other.bytesUp
        sum.bytesDown += other.bytesDown
        if path != other.path { sum.path = nil }
        return sum
    }

    /// One that stands for decisions of different kinds.
    var anonymous: EgressDecided {
        EgressDecided(
            verdict: verdict, reason: "too many different ones at once to tell them apart", scheme: "", host: "",
            port: 0, bytesUp: bytesUp, bytesDown: bytesDown, phase: .closed)
    }
}
