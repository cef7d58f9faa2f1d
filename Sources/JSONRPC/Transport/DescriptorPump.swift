import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The two threads behind a `StdioTransport`.
final class DescriptorPump: Sendable {
    private struct State {
        var runningThreads = 0
        var isStopped = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private static let readSize = 64 * 1024
    /// POSIX promises that a pipe that polls as writable takes this much without blocking (`PIPE_BUF` on Linux).
    private static let writeSize = 4096

    let inbox: Inbox
    let outbox: Outbox
    private let input: Int32
    private let output: Int32
    private let framing: Framing
    private let options: StdioTransport.Options
    private let wake = WakePipe()
    private let state = Mutex(State())

    init(input: Int32, output: Int32, framing: Framing, options: StdioTransport.Options) {
        self.input = input
        self.output = output
        self.framing = framing
        self.options = options
        inbox = Inbox(maxMessages: options.maxUnreadMessages, maxBytes: options.maxUnreadBytes)
        outbox = Outbox(framing: framing == .detect ? nil : framing, highWaterMark: options.sendHighWaterMark)
    }

    func start() {
        state.withLock { $0.runningThreads = 2 }
        spawn {
            $0.readLoop()
        } orElse: {
            $0.inbox.finish()
        }
        spawn {
            $0.writeLoop()
        } orElse: {
            $0.outbox.fail(.closed)
        }
    }

    /// Ends both threads; the writer first writes what is queued.
    func stop() {
        outbox.close()
        inbox.close()
        wake.fire()
    }

    func waitUntilStopped() async {
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.waiters.append(continuation) }
                return state.isStopped
            }
            if isStopped { continuation.resume() }
        }
    }

    private func threadEnded() {
        let isLast = state.withLock { state in
            state.runningThreads -= 1
            return state.runningThreads == 0
        }
        guard isLast else { return }
        if options.ownsDescriptors {
            _ = close(input)
            if output != input { _ = close(output) }
        }
        let waiters = state.withLock { state in
            state.isStopped = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func spawn(
        _ body: @escaping @Sendable (DescriptorPump) -> Void, orElse fallback: (DescriptorPump) -> Void
    ) {
        let isStarted = BlockingThread.start {
            body(self)
            self.threadEnded()
        }
        guard !isStarted else { return }
        fallback(self)
        threadEnded()
    }
}

extension DescriptorPump {
    private func readLoop() {
        defer { inbox.finish() }
        var framer = MessageFramer(framing: framing, limits: options.framing)
        var awaitsFraming = framing == .detect
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.readSize, alignment: 16)
        defer { buffer.deallocate() }

        while true {
            guard wake.poll(input, for: Int16(POLLIN), timeoutMilliseconds: -1) == .ready else { return }
            let count = read(input, buffer.baseAddress, buffer.count)
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return
            }
            if count == 0 {
                if let last = framer.finish() { _ = inbox.push(last) }
                return
            }
            framer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            var event = framer.next()
            if awaitsFraming, let resolved = framer.resolvedFraming {
                outbox.setFraming(resolved)
                awaitsFraming = false
            }
            while let current = event {
                guard inbox.push(current) else { return }
                if case .malformed(_, recoverable: false) = current { return }
                event = framer.next()
            }
        }
    }

    private func writeLoop() {
        blockBrokenPipeSignal()
        while let batch = outbox.nextBatch() {
            if let error = write(batch.bytes) {
                outbox.fail(error)
                return
            }
            outbox.didWrite(batch.payload)
        }
        outbox.fail(.closed)
    }

    /// Writes everything, or returns why it could not.
    private func write(_ bytes: [UInt8]) -> TransportError? {
        bytes.withUnsafeBytes { bytes in
            var offset = 0
            var deadline: ContinuousClock.Instant?
            while offset < bytes.count {
                if outbox.isClosing, deadline == nil { deadline = ContinuousClock.now + options.closeGrace }
                switch pollOutput(deadline) {
                case .ready: break
                case .woken: continue  // Closing has begun: from now on there is a deadline.
                case .timedOut: return .closed
                }
                let chunk = UnsafeRawBufferPointer(rebasing: bytes[offset..<min(offset + Self.writeSize, bytes.count)])
                #if canImport(Glibc)
                    let count = Glibc.write(output, chunk.baseAddress, chunk.count)
                #elseif canImport(Musl)
                    let count = Musl.write(output, chunk.baseAddress, chunk.count)
                #else
                    let count = Darwin.write(output, chunk.baseAddress, chunk.count)
                #endif
                if count >= 0 {
                    offset += count
                } else if errno != EINTR && errno != EAGAIN {
                    return errno == EPIPE ? .closed : .writeFailed(errno: errno)
                }
            }
            return nil
        }
    }

    private func pollOutput(_ deadline: ContinuousClock.Instant?) -> WakePipe.Outcome {
        guard let deadline else { return wake.poll(output, for: Int16(POLLOUT), timeoutMilliseconds: -1) }
        let remaining = ContinuousClock.now.duration(to: deadline)
        guard remaining > .zero else { return .timedOut }
        let milliseconds = remaining / .milliseconds(1)
        return WakePipe.pollAlone(
            output, for: Int16(POLLOUT), timeoutMilliseconds: Int32(min(milliseconds.rounded(.up), 1e9)))
    }

    /// Without this a peer that goes away would end the process, unless the program ignores the signal itself.
    private func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
