import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Frames on their way to the supervisor. Whoever sends writes at once when the socket takes it; the rest is left to the
/// sandbox's thread, which is woken for it.
final class Outbox: Sendable {
    private struct State {
        var control: Int32 = -1
        var wake: Int32 = -1
        var queue: [UInt8] = []
        var sent = 0
        var isBroken = false
    }

    private let state = Mutex(State())

    /// Takes over both descriptors.
    func open(control: Int32, wake: Int32) {
        state.withLock {
            $0.control = control
            $0.wake = wake
        }
    }

    /// Puts another connection in the place of the present one, with its first frame. What was not sent is dropped.
    func reopen(control: Int32, first: [UInt8]) {
        state.withLock { state in
            Descriptors.close(state.control)
            state.control = control
            state.queue = first
            state.sent = 0
            state.isBroken = false
            Self.wake(state)
        }
    }

    func enqueue(_ frame: [UInt8]) {
        state.withLock { state in
            guard state.control >= 0, !state.isBroken else { return }
            let wasEmpty = state.sent == state.queue.count
            state.queue += frame
            if wasEmpty, !Self.flush(&state) { Self.wake(state) }
        }
    }

    /// Writes what the socket takes. True when nothing is left.
    func flush() -> Bool {
        state.withLock { Self.flush(&$0) }
    }

    func wakeUp() {
        state.withLock { Self.wake($0) }
    }

    func close() {
        state.withLock {
            Descriptors.close($0.control)
            Descriptors.close($0.wake)
            $0 = State()
        }
    }

    private static func wake(_ state: State) {
        guard state.wake >= 0 else { return }
        var one: UInt64 = 1
        _ = write(state.wake, &one, 8)
    }

    private static func flush(_ state: inout State) -> Bool {
        while state.sent < state.queue.count, !state.isBroken {
            guard let count = Descriptors.write(state.control, state.queue[state.sent...]) else {
                // The end of the stream will be seen by the reader; nothing more is sent.
                state.isBroken = true
                break
            }
            if count == 0 { return false }
            state.sent += count
        }
        state.queue.removeAll(keepingCapacity: state.queue.capacity < 1 << 16)
        state.sent = 0
        return true
    }
}
