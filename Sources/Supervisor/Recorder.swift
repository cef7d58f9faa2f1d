import CSpawn
import SupervisorProtocol
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Flushes what commands printed, and then their exit records, on threads of its own: a disk that takes its time must not
/// keep other commands waiting.
final class Recorder: Sendable {
    struct Job: Sendable {
        var id: ExecID
        var record: ExitRecord
        var journal: Journal
        /// Files of the streams; -1 where there is none. They stay the caller's.
        var stdout: Int32
        var stderr: Int32
    }

    struct Outcome: Sendable {
        var id: ExecID
        /// As it was written.
        var record: ExitRecord
        /// errno when the record could not be written; 0 when it is on disk.
        var error: Int32
    }

    private struct State {
        var jobs: [Job] = []
        var outcomes: [Outcome] = []
        var threads = 0
        var idle = 0
    }

    /// As many flushes at a time: file systems merge them, and one slow one leaves room for others.
    private static let maximumThreads = 4
    private static let stackSize = 256 << 10

    /// Readable when ``takeOutcomes()`` has something.
    let descriptor: Int32
    private let state = Mutex(State())
    /// Counts jobs.
    private let work: Int32

    /// Nil without descriptors.
    init?() {
        let done = cspawn_eventfd()
        let work = cspawn_counter()
        guard done >= 0, work >= 0 else { return nil }
        descriptor = done
        self.work = work
    }

    deinit {
        System.close(descriptor)
        System.close(work)
    }

    func submit(_ job: Job) {
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.idle < state.jobs.count, state.threads < Self.maximumThreads else { return false }
            state.threads += 1
            return true
        }
        if needsThread, !startThread() {
            let isAlone = state.withLock { state in
                state.threads -= 1
                return state.threads == 0
            }
            if isAlone { perform() }
        }
        Self.signal(work)
    }

    /// What has been done since the last call.
    func takeOutcomes() -> [Outcome] {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        return state.withLock { state in
            defer { state.outcomes = [] }
            return state.outcomes
        }
    }

    private static func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    private func startThread() -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, Self.stackSize)
        var thread = pthread_t()
        let recorder = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Recorder>.fromOpaque(argument).takeRetainedValue().serve() }
                return nil
            }, recorder.toOpaque())
        if code != 0 { recorder.release() }
        return code == 0
    }

    /// The life of a thread.
    private func serve() {
        while true {
            state.withLock { $0.idle += 1 }
            var count: UInt64 = 0
            while read(work, &count, 8) < 0 && errno == EINTR {}
            state.withLock { $0.idle -= 1 }
            perform()
        }
    }

    private func perform() {
        let job = state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
        guard let job else { return }
        var record = job.record
        // First the bytes, then the record that says that they are there. Begun together they need one commit.
        if job.stdout >= 0, job.stderr >= 0 { cspawn_begin_flush(job.stderr) }
        if job.stdout >= 0, fdatasync(job.stdout) != 0 {
            record.stdoutError = errno
            record.stdoutKept = 0
        }
        if job.stderr >= 0, fdatasync(job.stderr) != 0 {
            record.stderrError = errno
            record.stderrKept = 0
        }
        let error = job.journal.write(record, for: job.id)
        state.withLock { $0.outcomes.append(Outcome(id: job.id, record: record, error: error)) }
        Self.signal(descriptor)
    }
}
