import Models
import Synchronization

/// A model whose answers break off: each says something and fails.
final class FailingProvider: ModelProvider {
    struct Attempt: Sendable {
        var events: [ModelEvent]
        var error: ModelError

        init(_ events: [ModelEvent], fails error: ModelError) {
            self.events = events
            self.error = error
        }
    }

    let identifier = "failing"
    private let state: Mutex<(left: [Attempt], asked: Int)>

    init(_ attempts: [Attempt]) { state = Mutex((attempts, 0)) }

    var asked: Int { state.withLock { $0.asked } }

    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        let attempt = state.withLock { state in
            state.asked += 1
            return state.left.isEmpty ? nil : state.left.removeFirst()
        }
        return AsyncThrowingStream { continuation in
            for event in attempt?.events ?? [] { continuation.yield(event) }
            continuation.finish(throwing: attempt?.error ?? ModelError.replayExhausted(turns: 0))
        }
    }

    func shutdown() async {}
}
