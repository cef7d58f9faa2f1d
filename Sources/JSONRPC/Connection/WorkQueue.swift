import JSON
import Synchronization

/// Messages between the reader of a connection, suspended while the queue is full, and its dispatcher.
final class WorkQueue: Sendable {
    enum Item: Sendable {
        case request(IncomingRequest, params: JSON?)
        case notification(method: String, params: JSON?)
    }

    private struct State {
        var items: [(item: Item, cost: Int)] = []
        var head = 0
        var bytes = 0
        var isFinished = false
        var consumer: CheckedContinuation<Item?, Never>?
        var producer: CheckedContinuation<Void, Never>?

        var count: Int { items.count - head }
    }

    private let state = Mutex(State())
    private let maxCount: Int
    private let maxBytes: Int

    init(maxCount: Int, maxBytes: Int) {
        self.maxCount = maxCount
        self.maxBytes = maxBytes
    }

    /// Adds an item of `cost` bytes, then waits while the queue is full. For one producer.
    func push(_ item: Item, cost: Int) async {
        let (mustWait, consumer) = state.withLock { state -> (Bool, CheckedContinuation<Item?, Never>?) in
            if let consumer = state.consumer {
                state.consumer = nil
                return (false, consumer)
            }
            state.items.append((item, cost))
            state.bytes += cost
            return (isFull(state), nil)
        }
        consumer?.resume(returning: item)
        guard mustWait else { return }
        await withCheckedContinuation { continuation in
            let isStillFull = state.withLock { state in
                guard isFull(state), !state.isFinished else { return false }
                state.producer = continuation
                return true
            }
            if !isStillFull { continuation.resume() }
        }
    }

    /// The next item, or nil at the end. For one consumer.
    func next() async -> Item? {
        await withCheckedContinuation { continuation in
            let (result, producer) = state.withLock { state -> (Item??, CheckedContinuation<Void, Never>?) in
                guard state.head < state.items.count else {
                    if state.isFinished { return (.some(nil), nil) }
                    state.consumer = continuation
                    return (nil, nil)
                }
                let (item, cost) = state.items[state.head]
                state.head += 1
                state.bytes -= cost
                if state.head == state.items.count || state.head >= 256 {
                    state.items.removeSubrange(..<state.head)
                    state.head = 0
                }
                guard !isFull(state), let producer = state.producer else { return (item, nil) }
                state.producer = nil
                return (item, producer)
            }
            if let result { continuation.resume(returning: result) }
            producer?.resume()
        }
    }

    /// No more items will come; those queued are still delivered.
    func finish() {
        let (consumer, producer) = state.withLock { state in
            state.isFinished = true
            defer { (state.consumer, state.producer) = (nil, nil) }
            return (state.consumer, state.producer)
        }
        consumer?.resume(returning: nil)
        producer?.resume()
    }

    private func isFull(_ state: State) -> Bool { state.count >= maxCount || state.bytes >= maxBytes }
}
