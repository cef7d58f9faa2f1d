/// A bounded queue between a reading thread, which blocks while it is full, and one asynchronous consumer.
final class Inbox: Sendable {
    private struct State {
        var events: [TransportEvent] = []
        var head = 0
        var bytes = 0
        var isFinished = false
        var consumer: CheckedContinuation<TransportEvent?, Never>?

        var count: Int { events.count - head }

        mutating func popFirst() -> TransportEvent? {
            guard head < events.count else { return nil }
            let event = events[head]
            events[head] = .message([])
            head += 1
            if head == events.count || head > 64 {
                events.removeSubrange(..<head)
                head = 0
            }
            bytes -= event.cost
            return event
        }

        mutating func takeConsumer() -> CheckedContinuation<TransportEvent?, Never>? {
            defer { consumer = nil }
            return consumer
        }
    }

    private let state = Monitor(State())
    private let maxMessages: Int
    private let maxBytes: Int

    /// - Parameters: how much may lie unread before the producer blocks. A single message may exceed `maxBytes`.
    init(maxMessages: Int, maxBytes: Int) {
        self.maxMessages = maxMessages
        self.maxBytes = maxBytes
    }

    /// Adds an event; blocks the thread while the queue is full. False when nobody will read it any more.
    func push(_ event: TransportEvent) -> Bool {
        let (isOpen, consumer) = state.wait(while: { [maxMessages, maxBytes] state in
            !state.isFinished && (state.count >= maxMessages || state.bytes >= maxBytes)
        }) { state -> (Bool, CheckedContinuation<TransportEvent?, Never>?) in
            guard !state.isFinished else { return (false, nil) }
            if let consumer = state.takeConsumer() { return (true, consumer) }
            state.events.append(event)
            state.bytes += event.cost
            return (true, nil)
        }
        consumer?.resume(returning: event)
        return isOpen
    }

    /// The next event, or nil at the end.
    func next() async -> TransportEvent? {
        await withCheckedContinuation { continuation in
            let (event, waiting) = state.withLock {
                state -> (TransportEvent?, CheckedContinuation<TransportEvent?, Never>?) in
                if let event = state.popFirst() { return (event, continuation) }
                if state.isFinished { return (nil, continuation) }
                let displaced = state.takeConsumer()
                state.consumer = continuation
                return (nil, displaced)
            }
            waiting?.resume(returning: event)
        }
    }

    /// No more events will come; those queued are still delivered.
    func finish() {
        state.withLock { state in
            state.isFinished = true
            return state.takeConsumer()
        }?.resume(returning: nil)
    }

    /// Nobody reads any more: drops what is queued and releases the producer.
    func close() {
        state.withLock { state in
            state.isFinished = true
            state.events = []
            state.head = 0
            state.bytes = 0
            return state.takeConsumer()
        }?.resume(returning: nil)
    }
}

extension TransportEvent {
    /// About how many bytes the event holds.
    var cost: Int {
        switch self {
        case .message(let bytes): bytes.count
        case .malformed(let reason, _): reason.utf8.count
        }
    }
}
