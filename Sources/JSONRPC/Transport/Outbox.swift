/// A queue between asynchronous senders, which are suspended while it is long, and a writing thread.
final class Outbox: Sendable {
    private struct State {
        var messages: [[UInt8]] = []
        /// Bytes queued or being written.
        var bytes = 0
        /// Nil until the framing is known; nothing is written before.
        var framing: Framing?
        var isClosing = false
        var failure: TransportError?
        var senders: [CheckedContinuation<Void, any Error>] = []

        mutating func takeSenders() -> [CheckedContinuation<Void, any Error>] {
            defer { senders = [] }
            return senders
        }
    }

    /// Small messages are written together up to this many bytes.
    private static let batchBytes = 64 * 1024

    private let state: Monitor<State>
    private let highWaterMark: Int

    init(framing: Framing?, highWaterMark: Int) {
        self.highWaterMark = highWaterMark
        state = Monitor(State(framing: framing))
    }

    /// Whether no more messages are taken.
    var isClosing: Bool { state.withLock { $0.isClosing } }

    /// Queues the message at once, then waits while the queue is long.
    func send(_ message: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let result = state.withLock { state -> Result<Void, any Error>? in
                if let failure = state.failure { return .failure(failure) }
                if state.isClosing { return .failure(TransportError.closed) }
                state.messages.append(message)
                state.bytes += message.count
                guard state.bytes > highWaterMark else { return .success(()) }
                state.senders.append(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// Lets the writer begin, once the peer has shown its framing.
    func setFraming(_ framing: Framing) {
        state.withLock { $0.framing = framing }
    }

    /// No more messages are taken; what is queued is still written.
    func close() {
        state.withLock { $0.isClosing = true }
    }

    /// The framed bytes of some messages and their size before framing; blocks the thread until there are any. Nil
    /// when all is written and the queue is closed.
    func nextBatch() -> (bytes: [UInt8], payload: Int)? {
        state.wait(while: { state in
            !state.isClosing && (state.messages.isEmpty || state.framing == nil)
        }) { state in
            guard !state.messages.isEmpty else { return nil }
            var bytes: [UInt8] = []
            var taken = 0
            var payload = 0
            for message in state.messages {
                if taken > 0, bytes.count + message.count > Self.batchBytes { break }
                (state.framing ?? .newline).append(message, to: &bytes)
                payload += message.count
                taken += 1
            }
            state.messages.removeFirst(taken)
            return (bytes, payload)
        }
    }

    /// Accounts for written bytes and lets senders go on once half the allowance is free.
    func didWrite(_ payload: Int) {
        let senders = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            state.bytes -= payload
            return state.bytes <= highWaterMark / 2 ? state.takeSenders() : []
        }
        for sender in senders { sender.resume() }
    }

    /// Nothing can be written any more.
    func fail(_ error: TransportError) {
        let senders = state.withLock { state in
            state.failure = error
            state.isClosing = true
            state.messages = []
            state.bytes = 0
            return state.takeSenders()
        }
        for sender in senders { sender.resume(throwing: error) }
    }
}
