import Synchronization

/// Counts for all sandboxes, one after the other, on one thread: looking at disks must not take the machine from those who
/// work, nor descriptors without a bound.
final class DiskScanner: Sendable {
    static let shared = DiskScanner()

    private struct Job {
        var run: @Sendable () -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    /// What the directories take, and how long it took to find out.
    func measure(_ directories: [String], atMost bound: DiskUsage) async -> (usage: DiskUsage, cost: Duration) {
        await withCheckedContinuation { continuation in
            let job = Job {
                let clock = ContinuousClock()
                let begin = clock.now
                let usage = DiskUsage.measure(directories, atMost: bound)
                continuation.resume(returning: (usage, clock.now - begin))
            }
            let mustStart = state.withLock { state in
                state.jobs.append(job)
                defer { state.isRunning = true }
                return !state.isRunning
            }
            guard mustStart else { return }
            // Without a thread the caller's does it.
            if DetachedThread.start({ self.work() }) != 0 { work() }
        }
    }

    private func work() {
        while true {
            let job = state.withLock { state -> Job? in
                if state.jobs.isEmpty {
                    state.isRunning = false
                    return nil
                }
                return state.jobs.removeFirst()
            }
            guard let job else { return }
            job.run()
        }
    }
}
