import AgentProtocol
import Synchronization

/// The events of one attached session between the connection and the handler: each once, in order, at the handler's pace.
///
/// It never holds the connection up: the handler may itself wait for an answer that comes behind. When the handler falls
/// too far behind, further events are dropped here and fetched again from the service's log once there is room; `take` and
/// `next` say when.
final class SessionInbox: Sendable {
    /// How far behind is too far.
    struct Limits: Sendable {
        /// Twice what may be under way in all buffers between the service and here, which an overflow wastes.
        var events = 16384
        var bytes = 8 << 20
    }

    enum Taken: Equatable {
        /// Queued, or a copy of what was.
        case ok
        /// Events are missing from here on: stop the service's sending. Said once.
        case overflow
    }

    enum Next {
        case event(AgentProgress.Params)
        /// There is room again: attach after this event.
        case resume(afterSeq: Int)
        case end
    }

    fileprivate enum Mode {
        case live
        /// Dropping; `resume` follows when there is room.
        case behind
        /// Attached again; what does not follow on is left over from before.
        case resuming
    }

    fileprivate struct State {
        var events: [(params: AgentProgress.Params, bytes: Int)] = []
        var head = 0
        var bytes = 0
        var last: Int
        var mode = Mode.live
        var isEnded = false
        var waiter: CheckedContinuation<Next, Never>?

        var count: Int { events.count - head }

        mutating func pop() -> AgentProgress.Params? {
            guard count > 0 else { return nil }
            let event = events[head]
            head += 1
            bytes -= event.bytes
            if head == events.count || head >= 256 {
                events.removeFirst(head)
                head = 0
            }
            return event.params
        }
    }

    private let state: Mutex<State>
    private let limits: Limits

    init(afterSeq: Int, limits: Limits = Limits()) {
        state = Mutex(State(last: afterSeq))
        self.limits = limits
    }

    /// The newest event that was queued; what follows it is still to be had.
    var lastSeq: Int { state.withLock { $0.last } }

    /// - Parameter bytes: what the event weighs, roughly.
    func take(_ params: AgentProgress.Params, bytes: Int) -> Taken {
        let (taken, wake) = state.withLock { state -> (Taken, (CheckedContinuation<Next, Never>, Next)?) in
            guard !state.isEnded, params.seq > state.last else { return (.ok, nil) }
            guard state.mode != .behind else { return (.ok, nil) }
            guard params.follows(state.last) else {
                if state.mode == .resuming { return (.ok, nil) }
                return (.overflow, state.fallBehind(limits))
            }
            guard state.count < limits.events, state.bytes < limits.bytes else {
                return (.overflow, state.fallBehind(limits))
            }
            state.mode = .live
            state.last = params.seq
            if let waiter = state.waiter {
                state.waiter = nil
                return (.ok, (waiter, .event(params)))
            }
            state.events.append((params, bytes))
            state.bytes += bytes
            return (.ok, nil)
        }
        if let (waiter, next) = wake { waiter.resume(returning: next) }
        return taken
    }

    /// The connection is new and the session was attached after `lastSeq`.
    func reattached() {
        state.withLock { if $0.mode == .live { $0.mode = .resuming } }
    }

    func end() {
        let waiter = state.withLock { state in
            state.isEnded = true
            state.events = []
            state.head = 0
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: .end)
    }

    /// For one consumer.
    func next() async -> Next {
        await withCheckedContinuation { continuation in
            let next = state.withLock { state -> Next? in
                if state.isEnded { return .end }
                if let resume = state.resume(limits) { return resume }
                if let event = state.pop() { return .event(event) }
                state.waiter = continuation
                return nil
            }
            if let next { continuation.resume(returning: next) }
        }
    }
}

extension SessionInbox.State {
    /// Leaves live mode; with nothing queued the consumer, which waits, is to resume at once.
    fileprivate mutating func fallBehind(
        _ limits: SessionInbox.Limits
    ) -> (CheckedContinuation<SessionInbox.Next, Never>, SessionInbox.Next)? {
        mode = .behind
        guard let waiter, let resume = resume(limits) else { return nil }
        self.waiter = nil
        return (waiter, resume)
    }

    fileprivate mutating func resume(_ limits: SessionInbox.Limits) -> SessionInbox.Next? {
        guard mode == .behind, count <= limits.events / 2, bytes <= limits.bytes / 2 else { return nil }
        mode = .resuming
        return .resume(afterSeq: last)
    }
}

extension AgentProgress.Params {
    /// Whether this is the event after number `last`, or says that those between are lost.
    fileprivate func follows(_ last: Int) -> Bool {
        if seq == last + 1 { return true }
        if case .gap(let gap) = event { return gap.from <= last + 1 && seq > last }
        return false
    }
}
