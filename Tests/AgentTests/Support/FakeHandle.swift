import Sandbox
import Synchronization

/// A command of a fake sandbox; it can be read again from any offset, like a real one.
final class FakeHandle: ExecHandle {
    private final class Process: Sendable {
        struct State {
            var stdout: [UInt8]
            var stderr: [UInt8]
            var isOver: Bool
            var outcome: ExecResult.Outcome
            var input: [UInt8] = []
            var inputIsClosed = false
            var readers: [AsyncStream<OutputChunk>.Continuation] = []
        }

        let state: Mutex<State>
        let ended = Gate()
        let hangs: Bool

        init(_ command: FakeCommand) {
            hangs = command.hangs
            state = Mutex(
                State(
                    stdout: command.stdout, stderr: command.stderr, isOver: !command.hangs, outcome: command.outcome))
        }
    }

    let id: ExecID
    let output: ExecOutput
    private let process: Process

    convenience init(_ id: ExecID, _ command: FakeCommand) { self.init(id, Process(command), 0, 0) }

    private init(_ id: ExecID, _ process: Process, _ stdoutOffset: Int, _ stderrOffset: Int) {
        self.id = id
        self.process = process
        let (stream, continuation) = AsyncStream.makeStream(of: OutputChunk.self)
        process.state.withLock { state in
            let parts = [(OutputStream.stdout, state.stdout, stdoutOffset), (.stderr, state.stderr, stderrOffset)]
            for (stream, bytes, offset) in parts where offset < bytes.count {
                continuation.yield(OutputChunk(stream: stream, offset: offset, bytes: Array(bytes[offset...])))
            }
            if state.isOver { continuation.finish() } else { state.readers.append(continuation) }
        }
        let reader = Reader(stream.makeAsyncIterator())
        output = ExecOutput { await reader.next() }
    }

    private actor Reader {
        private var chunks: AsyncStream<OutputChunk>.Iterator

        init(_ chunks: AsyncStream<OutputChunk>.Iterator) { self.chunks = chunks }

        func next() async -> OutputChunk? {
            var copy = chunks
            defer { chunks = copy }
            return await copy.next(isolation: #isolation)
        }
    }

    func attached(_ stdoutOffset: Int, _ stderrOffset: Int) -> FakeHandle {
        FakeHandle(id, process, stdoutOffset, stderrOffset)
    }

    func result() async throws -> ExecResult {
        if process.hangs { await process.ended.wait() }
        return process.state.withLock {
            ExecResult(outcome: $0.outcome, stdoutBytes: $0.stdout.count, stderrBytes: $0.stderr.count)
        }
    }

    func cancel() async { await end(.killed(by: .client)) }

    func signal(_ number: Int32) async {}

    func write(_ bytes: [UInt8]) async throws {
        let closed = process.state.withLock { state in
            state.input += bytes
            return state.inputIsClosed || state.isOver
        }
        if closed { throw SandboxError.inputClosed(id) }
    }

    func closeInput() async { process.state.withLock { $0.inputIsClosed = true } }

    // MARK: For tests

    var input: String { process.state.withLock { String(decoding: $0.input, as: UTF8.self) } }

    func print(_ text: String) { print(Array(text.utf8)) }

    func print(_ bytes: [UInt8]) {
        process.state.withLock { state in
            let chunk = OutputChunk(stream: .stdout, offset: state.stdout.count, bytes: bytes)
            state.stdout += chunk.bytes
            for reader in state.readers { reader.yield(chunk) }
        }
    }

    func end(_ new: ExecResult.Outcome) async {
        guard process.hangs else { return }
        process.state.withLock { state in
            guard !state.isOver else { return }
            state.isOver = true
            state.outcome = new
            for reader in state.readers { reader.finish() }
            state.readers = []
        }
        await process.ended.open()
    }
}
