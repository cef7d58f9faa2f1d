import JSON
import Synchronization

/// An outgoing request that waits for its reply. The reply, the timeout and cancellation race; the first one counts.
final class PendingCall: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<JSON, any Error>)
        case done(Result<JSON, any Error>)
    }

    let method: String
    private let state = Mutex(State.open)

    init(method: String) { self.method = method }

    /// Settles the call; false when it was settled before.
    @discardableResult
    func complete(_ result: Result<JSON, any Error>) -> Bool {
        let (isFirst, waiting) = state.withLock { state -> (Bool, CheckedContinuation<JSON, any Error>?) in
            switch state {
            case .open:
                state = .done(result)
                return (true, nil)
            case .awaited(let continuation):
                state = .done(result)
                return (true, continuation)
            case .done:
                return (false, nil)
            }
        }
        waiting?.resume(with: result)
        return isFirst
    }

    /// The reply. To be awaited once.
    func value() async throws -> JSON {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<JSON, any Error>? in
                if case .done(let result) = state { return result }
                state = .awaited(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
