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
    /// - Parameter besides: counts bytes that no directory shows, up to a bound.
    func measure(
        _ directories: [String], atMost bound: DiskUsage, besides: @escaping @Sendable (Int) -> Int = { _ in 0 }
    ) async -> (usage: DiskUsage, cost: Duration) {
        await withCheckedContinuation { continuation in
            let job = Job {
                let clock = ContinuousClock()
                let begin = clock.now
                var usage = DiskUsage.measure(directories, atMost: bound)
                usage.bytes += besides(bound.bytes)
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
