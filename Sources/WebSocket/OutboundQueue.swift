import Synchronization

/// Messages on their way to the event loop, in the order of the calls, and the count of bytes that the network has not
/// taken yet.
final class OutboundQueue: Sendable {
    struct Admission {
        /// The caller is the first since the event loop last looked: it must wake it.
        var wakesLoop: Bool
        /// More is on its way than it should be: wait for room.
        var isFull: Bool
    }

    private struct State {
        var messages: [WebSocketMessage] = []
        var loopIsAwake = false
        var outstanding = 0
        var closure: WebSocketClosure?
        var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Mutex(State())
    private let highWater: Int
    private let maxMessageBytes: Int

    init(highWater: Int, maxMessageBytes: Int) {
        self.highWater = highWater
        self.maxMessageBytes = maxMessageBytes
    }

    func enqueue(_ message: WebSocketMessage) throws(WebSocketError) -> Admission {
        guard message.bytes.count <= maxMessageBytes else {
            throw .messageTooBig(bytes: message.bytes.count, limit: maxMessageBytes)
        }
        return try state.withLock { state throws(WebSocketError) in
            if let closure = state.closure { throw .closed(closure) }
            state.messages.append(message)
            state.outstanding += message.bytes.count
            let wakes = !state.loopIsAwake
            state.loopIsAwake = true
            return Admission(wakesLoop: wakes, isFull: state.outstanding > highWater)
        }
    }

    /// Suspends until half of the high-water mark is free, or throws `closed` or `CancellationError`.
    func waitForRoom() async throws {
        let ticket = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let immediate = state.withLock { state -> Result<Void, any Error>? in
                    if let closure = state.closure { return .failure(WebSocketError.closed(closure)) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.outstanding <= highWater / 2 { return .success(()) }
                    state.waiters[ticket] = continuation
                    return nil
                }
                if let immediate { continuation.resume(with: immediate) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: ticket) }
            waiter?.resume(throwing: CancellationError())
        }
    }

    /// Everything queued; the next `enqueue` wakes the loop again.
    func takeAll() -> [WebSocketMessage] {
        state.withLock { state in
            state.loopIsAwake = false
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// The network took so many payload bytes.
    func written(_ bytes: Int) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            state.outstanding -= bytes
            guard state.outstanding <= highWater / 2, !state.waiters.isEmpty else { return [] }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Sending is over: those that wait and those that come later are told why. The first reason stays.
    func close(_ closure: WebSocketClosure) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            if state.closure == nil { state.closure = closure }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(throwing: WebSocketError.closed(closure)) }
    }

    var closure: WebSocketClosure? { state.withLock { $0.closure } }
}
