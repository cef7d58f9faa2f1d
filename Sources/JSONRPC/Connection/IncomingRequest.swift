import Synchronization

/// A request of the peer from its arrival to its reply. It can be cancelled before its handler starts.
final class IncomingRequest: Sendable {
    private struct State {
        var isStarted = false
        var isCancelled = false
        var task: Task<Void, Never>?
    }

    let id: RequestID
    let method: String
    /// Unique in the connection, unlike `id`.
    let serial: Int
    private let state = Mutex(State())

    init(id: RequestID, method: String, serial: Int) {
        self.id = id
        self.method = method
        self.serial = serial
    }

    /// Marks the request as begun; false when it has been cancelled already.
    func begin() -> Bool {
        state.withLock { state in
            state.isStarted = true
            return !state.isCancelled
        }
    }

    func cancel() { cancel { _ in true } }

    /// Cancels the request unless its turn is still to come.
    func cancelIfStarted() { cancel(when: \.isStarted) }

    private func cancel(when isDue: (State) -> Bool) {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard isDue(state) else { return nil }
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    /// Ties the request to the task that handles it.
    func attach(_ task: Task<Void, Never>) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }
}
