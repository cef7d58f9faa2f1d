import AgentProtocol
import Synchronization

/// Collects the events that a client delivers; tests wait for what they need.
final class ProgressRecorder: Sendable {
    private struct State {
        var seqs: [String: [Int]] = [:]
        var waiters: [(session: String, seq: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func record(_ params: AgentProgress.Params) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.seqs[params.sessionId, default: []].append(params.seq)
            let due = state.waiters.filter { $0.session == params.sessionId && $0.seq <= params.seq }
            state.waiters.removeAll { $0.session == params.sessionId && $0.seq <= params.seq }
            return due.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    func seqs(_ session: String) -> [Int] { state.withLock { $0.seqs[session] ?? [] } }

    /// Returns when event `seq` or a later one has come.
    func wait(for seq: Int, of session: String) async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if (state.seqs[session]?.last ?? 0) >= seq { return true }
                state.waiters.append((session, seq, continuation))
                return false
            }
            if goesOn { continuation.resume() }
        }
    }
}

/// Values in the order of their coming; tests wait for the next one.
final class Record<Value: Sendable>: Sendable {
    private let values: Mutex<[Value]> = Mutex([])
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Value.self) }

    func add(_ value: Value) {
        values.withLock { $0.append(value) }
        continuation.yield(value)
    }

    var all: [Value] { values.withLock { $0 } }

    /// The first value, from those not yet looked at, that `matches`.
    func first(where matches: (Value) -> Bool) async -> Value? {
        for await value in stream where matches(value) { return value }
        return nil
    }
}
