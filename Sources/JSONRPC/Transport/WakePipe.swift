import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Gets threads out of `poll`: once fired, every wait ends at once and for good.
final class WakePipe: Sendable {
    enum Outcome {
        /// The descriptor is ready, or in an error state that the next call on it will report.
        case ready
        case woken
        case timedOut
    }

    private let readEnd: Int32
    private let writeEnd: Mutex<Int32>

    init() {
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 {
            // A child must not hold the end open.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        readEnd = ends[0]
        writeEnd = Mutex(ends[1])
    }

    deinit {
        fire()
        if readEnd >= 0 { _ = close(readEnd) }
    }

    /// Ends all waits, those to come included.
    func fire() {
        writeEnd.withLock { end in
            if end >= 0 { _ = close(end) }
            end = -1
        }
    }

    /// Waits for a descriptor or for `fire`.
    func poll(_ descriptor: Int32, for events: Int16, timeoutMilliseconds: Int32) -> Outcome {
        // When no pipe could be made (`readEnd` is -1), `poll` passes over it; then only the peer ends the wait.
        var waits = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
        ]
        return Self.poll(&waits, timeoutMilliseconds)
    }

    /// Waits for a descriptor whether or not `fire` was called.
    static func pollAlone(_ descriptor: Int32, for events: Int16, timeoutMilliseconds: Int32) -> Outcome {
        var waits = [pollfd(fd: descriptor, events: events, revents: 0)]
        return poll(&waits, timeoutMilliseconds)
    }

    private static func poll(_ waits: inout [pollfd], _ timeout: Int32) -> Outcome {
        while true {
            #if canImport(Glibc)
                let count = Glibc.poll(&waits, nfds_t(waits.count), timeout)
            #elseif canImport(Musl)
                let count = Musl.poll(&waits, nfds_t(waits.count), timeout)
            #else
                let count = Darwin.poll(&waits, nfds_t(waits.count), timeout)
            #endif
            if count < 0 {
                if errno == EINTR { continue }
                return .woken
            }
            if count == 0 { return .timedOut }
            if waits.count > 1, waits[1].revents != 0 { return .woken }
            return .ready
        }
    }
}
