import Synchronization

/// Messages between the event loop, which puts them in, and one consumer, which awaits them.
///
/// Bounded by telling the event loop to stop reading; what one read brought is always taken.
final class InboundMailbox: Sendable {
    private struct State {
        var messages: [WebSocketMessage] = []
        var head = 0
        var bytes = 0
        var isPaused = false
        var isFinished = false
        var waiter: CheckedContinuation<WebSocketMessage?, Never>?

        mutating func pop() -> WebSocketMessage? {
            guard head < messages.count else { return nil }
            let message = messages[head]
            messages[head].bytes = []
            head += 1
            if head == messages.count {
                messages.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 1024 {
                messages.removeFirst(head)
                head = 0
            }
            bytes -= message.bytes.count + Self.overhead
            return message
        }

        /// Counted for each message beside its bytes, so that empty ones are bounded too.
        static let overhead = 64
    }

    private let state = Mutex(State())
    private let highWater: Int

    init(highWater: Int) { self.highWater = highWater }

    /// - Returns: true when reading should stop until `next` says otherwise.
    func push(_ message: WebSocketMessage) -> Bool {
        let (waiter, pause) = state.withLock { state -> (CheckedContinuation<WebSocketMessage?, Never>?, Bool) in
            guard !state.isFinished else { return (nil, false) }
            if let waiter = state.waiter {
                state.waiter = nil
                return (waiter, false)
            }
            state.messages.append(message)
            state.bytes += message.bytes.count + State.overhead
            if state.bytes > highWater { state.isPaused = true }
            return (nil, state.isPaused)
        }
        waiter?.resume(returning: message)
        return pause
    }

    /// No message comes any more; those that are there are still handed out.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// The next message, nil at the end or when the consumer's task is cancelled.
    ///
    /// - Parameter resumeReading: called when reading had been stopped and there is room again.
    func next(resumeReading: @Sendable () -> Void) async -> WebSocketMessage? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enum Outcome {
                    case message(WebSocketMessage, resume: Bool)
                    case end, wait
                }
                let outcome = state.withLock { state -> Outcome in
                    if let message = state.pop() {
                        let resume = state.isPaused && state.bytes <= highWater / 2
                        if resume { state.isPaused = false }
                        return .message(message, resume: resume)
                    }
                    if state.isFinished || state.waiter != nil { return .end }
                    state.waiter = continuation
                    return .wait
                }
                switch outcome {
                case .message(let message, let resume):
                    if resume { resumeReading() }
                    continuation.resume(returning: message)
                case .end: continuation.resume(returning: nil)
                case .wait: break
                }
            }
        } onCancel: {
            finish()
        }
    }
}
