import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// SIGTERM and SIGINT: the first asks for an orderly end, the second ends the process at once.
final class TerminationSignals: Sendable {
    private let stream: AsyncStream<Int32>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingOldest(1))
        self.stream = stream
        // Both signals on one queue, so that the count needs no lock.
        let queue = DispatchQueue(label: "cofferdam.signals")
        let seen = SignalCount()
        for number in [SIGTERM, SIGINT] {
            // The source gets the signal only when it does not end the process before.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [source] in
                // Keeps the source alive as long as the process.
                _ = source
                if seen.next() > 1 { _exit(128 + number) }
                continuation.yield(number)
            }
            source.resume()
        }
    }

    /// The first signal's number; 0 when the task is cancelled.
    func first() async -> Int32 {
        for await number in stream { return number }
        return 0
    }
}

private final class SignalCount: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
