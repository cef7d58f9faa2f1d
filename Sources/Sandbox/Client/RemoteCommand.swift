import SupervisorProtocol
import Synchronization

/// The service's end of one command: buffers its output within the window and holds its result.
final class RemoteCommand: ExecHandle {
    /// Output on its way to the reader.
    struct Delivery {
        var chunk: OutputChunk
        /// Under which it is credited: a window that was opened since counts it already.
        var token: UInt64
    }

    struct State {
        /// The request as it was sent, until it was answered.
        var frame: [UInt8]?
        var acceptance: Result<Void, SandboxError>?
        var acceptanceWaiters: [CheckedContinuation<Void, any Error>] = []
        var chunks: [OutputChunk] = []
        var taken = 0
        var received: [OutputStream: Int] = [.stdout: 0, .stderr: 0]
        var buffered = 0
        var uncredited = 0
        var outputWaiter: CheckedContinuation<Delivery?, Never>?
        /// Tells our output from that of an earlier handle or connection.
        var token: UInt64
        /// Kill that was asked for; asked for again when the connection was replaced.
        var kill: ExecResult.Killer?
        var size: TerminalSize?
        var input = InputQueue()
        /// No more output will come.
        var outputEnded = false
        var result: ExecResult?
        /// Bytes that will have come of each stream in the end.
        var expected: [OutputStream: Int]?
        var resultWaiters: [CheckedContinuation<ExecResult, Never>] = []
    }

    let id: ExecID
    /// Nil for a command that was started earlier.
    let request: ExecRequest?
    let send: @Sendable (SupervisorRequest) -> Void
    let state: Mutex<State>
    /// One write at a time, so that their bytes are not mixed.
    let writing = WriteTurn()

    /// Bytes that may be buffered here before the reader takes some.
    static let window = 1 << 20

    init(
        request: ExecRequest, frame: [UInt8], token: UInt64, send: @escaping @Sendable (SupervisorRequest) -> Void
    ) {
        id = request.id
        self.request = request
        self.send = send
        state = Mutex(State(frame: frame, token: token))
    }

    /// Goes on with a command that was started earlier, from these offsets.
    init(
        id: ExecID, stdoutOffset: Int, stderrOffset: Int, token: UInt64,
        send: @escaping @Sendable (SupervisorRequest) -> Void
    ) {
        self.id = id
        request = nil
        self.send = send
        state = Mutex(State(received: [.stdout: stdoutOffset, .stderr: stderrOffset], token: token))
    }

    deinit {
        send(.detach(id, token: state.withLock { $0.token }))
    }

    // MARK: For the caller

    var output: ExecOutput {
        ExecOutput { await self.nextChunk() }
    }

    func result() async throws -> ExecResult {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> ExecResult? in
                if state.result == nil { state.resultWaiters.append(continuation) }
                return state.result
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    var hasEnded: Bool { state.withLock { $0.result != nil } }

    func cancel() async {
        await kill(by: .client)
    }

    func kill(by killer: ExecResult.Killer) async {
        state.withLock { if $0.kill == nil { $0.kill = killer } }
        send(killRequest(killer))
    }

    private func killRequest(_ killer: ExecResult.Killer) -> SupervisorRequest {
        var limit = ""
        if case .limit(let name) = killer { limit = String(decoding: name.utf8.prefix(200), as: UTF8.self) }
        if killer != .client, limit.isEmpty { limit = "limit" }
        let grace = request?.grace ?? Self.defaultGrace
        return .kill(id, graceMilliseconds: grace.wholeMilliseconds, limit: limit)
    }

    /// Of a command whose request is not known.
    private static let defaultGrace = Duration.seconds(2)

    func signal(_ number: Int32) async {
        send(.signal(id, number: number))
    }

    /// Waits until the supervisor has taken the command or refused it.
    func accepted() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let known = state.withLock { state -> Result<Void, SandboxError>? in
                if state.acceptance == nil { state.acceptanceWaiters.append(continuation) }
                return state.acceptance
            }
            if let known { continuation.resume(with: known.mapError { $0 as any Error }) }
        }
    }

    private func nextChunk() async -> OutputChunk? {
        let delivery = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enum Step {
                    case wait
                    case give(Delivery?)
                }
                let step = state.withLock { state -> Step in
                    if let chunk = state.takeChunk() { return .give(Delivery(chunk: chunk, token: state.token)) }
                    // A second reader would steal; it ends at once instead.
                    if state.outputEnded || Task.isCancelled || state.outputWaiter != nil { return .give(nil) }
                    state.outputWaiter = continuation
                    return .wait
                }
                if case .give(let delivery) = step { continuation.resume(returning: delivery) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.outputWaiter.take() }
            waiter?.resume(returning: nil)
        }
        if let delivery { credit(delivery) }
        return delivery?.chunk
    }

    private func credit(_ delivery: Delivery) {
        let due = state.withLock { state -> (token: UInt64, bytes: Int)? in
            guard delivery.token == state.token else { return nil }
            state.uncredited += delivery.chunk.bytes.count
            guard state.uncredited >= Self.window / 4, !state.outputEnded else { return nil }
            defer { state.uncredited = 0 }
            return (state.token, state.uncredited)
        }
        if let due { send(.credit(id, token: due.token, bytes: due.bytes)) }
    }

    // MARK: For the link

    func accept(_ outcome: Result<Void, SandboxError>) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            guard state.acceptance == nil else { return [] }
            state.acceptance = outcome
            state.frame = nil
            defer { state.acceptanceWaiters = [] }
            return state.acceptanceWaiters
        }
        for waiter in waiters { waiter.resume(with: outcome.mapError { $0 as any Error }) }
    }

    var outputHasEnded: Bool { state.withLock { $0.outputEnded } }

    /// Refused; after it was accepted, it is its output that cannot be read, or nothing is known of it any more.
    func refuse(_ error: SandboxError) {
        accept(.failure(error))
        endOutput()
    }

    /// Takes output. False when the supervisor broke the rules: a gap, or more than the window allows.
    func receive(_ stream: OutputStream, token: UInt64, offset: Int, bytes: [UInt8]) -> Bool {
        let chunk = OutputChunk(stream: stream, offset: offset, bytes: bytes)
        var waiter: CheckedContinuation<Delivery?, Never>?
        let isValid = state.withLock { state -> Bool in
            guard !state.outputEnded, token == state.token else { return true }
            guard state.received[stream] == offset, state.buffered + bytes.count <= Self.window else { return false }
            state.received[stream] = offset + bytes.count
            waiter = state.outputWaiter.take()
            if waiter == nil { state.putChunk(chunk) }
            return true
        }
        waiter?.resume(returning: Delivery(chunk: chunk, token: token))
        endOutputIfComplete()
        return isValid
    }

    /// The command has ended. Output may still be on its way.
    func finish(_ result: ExecResult, stdoutKept: Int, stderrKept: Int) {
        let waiters = state.withLock { state -> [CheckedContinuation<ExecResult, Never>] in
            guard state.result == nil else { return [] }
            state.result = result
            state.input.finish()
            state.expected = [.stdout: stdoutKept, .stderr: stderrKept]
            defer { state.resultWaiters = [] }
            return state.resultWaiters
        }
        for waiter in waiters { waiter.resume(returning: result) }
        wakeWriter()
        endOutputIfComplete()
    }

    /// No more output will come, whatever is missing.
    func endOutput() {
        let waiter = state.withLock { state -> CheckedContinuation<Delivery?, Never>? in
            state.outputEnded = true
            return state.outputWaiter.take()
        }
        waiter?.resume(returning: nil)
    }

    private func endOutputIfComplete() {
        let isComplete = state.withLock { state in
            guard let expected = state.expected, !state.outputEnded else { return false }
            return OutputStream.allCases.allSatisfy { (state.received[$0] ?? 0) >= (expected[$0] ?? 0) }
        }
        if isComplete { endOutput() }
    }
}

// MARK: When the connection was replaced

extension RemoteCommand {
    /// No input is sent until the supervisor has said how much it has.
    func suspend() {
        state.withLock { $0.input.isReady = false }
    }

    /// Asks for the rest of the output under a new token, and again for what may not have been heard; gives frames to send.
    /// None when there is nothing left to hear.
    func reattach(token: UInt64) -> [[UInt8]] {
        state.withLock { state in
            guard state.result == nil || !state.outputEnded else { return [] }
            state.token = token
            state.uncredited = 0
            var requests: [SupervisorRequest] = [
                .attach(
                    id, token: token, stdoutOffset: state.received[.stdout] ?? 0,
                    stderrOffset: state.received[.stderr] ?? 0, window: max(0, Self.window - state.buffered))
            ]
            if let killer = state.kill { requests.append(killRequest(killer)) }
            if let size = state.size { requests.append(.resize(id, TerminalCells(size))) }
            return (state.frame.map { [$0] } ?? []) + requests.map { $0.encoded() }
        }
    }
}

extension RemoteCommand.State {
    fileprivate mutating func takeChunk() -> OutputChunk? {
        guard taken < chunks.count else { return nil }
        let chunk = chunks[taken]
        taken += 1
        buffered -= chunk.bytes.count
        if taken == chunks.count || taken >= 64 {
            chunks.removeSubrange(..<taken)
            taken = 0
        }
        return chunk
    }

    fileprivate mutating func putChunk(_ chunk: OutputChunk) {
        chunks.append(chunk)
        buffered += chunk.bytes.count
    }
}

extension Duration {
    /// Milliseconds, rounded up, never negative, at most a year.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let limit: Int64 = 365 * 86_400
        guard seconds < limit else { return Int(limit) * 1000 }
        let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int(max(0, milliseconds))
    }
}
