import Synchronization

/// Requests under way: whoever ends a session, or goes on after one broke off, waits until they are accounted for.
final class OpenRequests: Sendable {
    private struct State {
        var tasks: [Int: (isLoop: Bool, task: Task<Void, Never>)] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// - Parameter isLoop: whether the session's own loop asks.
    func begin(isLoop: Bool, _ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        state.withLock { state in
            state.next += 1
            let id = state.next
            let task = Task {
                await work()
                self.ended(id)
            }
            state.tasks[id] = (isLoop, task)
            return task
        }
    }

    private func ended(_ id: Int) { state.withLock { $0.tasks[id] = nil } }

    /// Ends them and waits until they have ended.
    /// - Parameter loopOnly: only those of the session's own loop.
    func end(loopOnly: Bool) async {
        let tasks = state.withLock { state in
            state.tasks.values.filter { $0.isLoop || !loopOnly }.map(\.task)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
