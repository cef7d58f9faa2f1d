import Synchronization

/// Counts work in progress, so that the end of a connection can wait for it, though not forever.
final class ActivityCount: Sendable {
    private struct State {
        var count = 0
        var waiter: CheckedContinuation<Void, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    private let state = Mutex(State())

    func begin() { state.withLock { $0.count += 1 } }

    func end() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.count -= 1
            return state.count == 0 ? state.takeWaiter() : nil
        }?.resume()
    }

    /// Returns when nothing is in progress or the time is up. For one waiter.
    func waitUntilIdle(atMost limit: Duration) async {
        let timer = Task {
            try await Task.sleep(for: limit)
            self.state.withLock { $0.takeWaiter() }?.resume()
        }
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.count > 0 { state.waiter = continuation }
                return state.count == 0
            }
            if isIdle { continuation.resume() }
        }
        timer.cancel()
    }
}
