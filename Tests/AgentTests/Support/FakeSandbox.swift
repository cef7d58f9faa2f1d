import Sandbox
import Synchronization
import SupervisorProtocol

/// A sandbox in memory: files, and commands that a test answers.
final class FakeSandbox: Sandbox {
    typealias Command = @Sendable (ExecRequest, FakeSandbox) async throws -> FakeCommand

    let id: String
    private let base: [String: [UInt8]]
    private let command: Command
    /// Called at the beginning of each read.
    private let onRead: @Sendable (String) async -> Void
    private let gone = Gate()

    private struct State {
        var files: [String: [UInt8]]
        var commands: [ExecRequest] = []
        var running: [FakeHandle] = []
        var termination: SandboxTermination?
        var log: [String] = []
    }

    private let state: Mutex<State>

    init(
        id: String, base: [String: [UInt8]], onRead: @escaping @Sendable (String) async -> Void = { _ in },
        command: @escaping Command
    ) {
        self.id = id
        self.base = base
        self.onRead = onRead
        self.command = command
        state = Mutex(State(files: base))
    }

    // MARK: For tests

    subscript(path: String) -> String? {
        get { state.withLock { $0.files[path] }.map { String(decoding: $0, as: UTF8.self) } }
        set { state.withLock { $0.files[path] = newValue.map { Array($0.utf8) } } }
    }

    func setBytes(_ path: String, _ bytes: [UInt8]) { state.withLock { $0.files[path] = bytes } }

    var commands: [ExecRequest] { state.withLock { $0.commands } }

    /// What was done, in order: `write a`, `exec make`.
    var history: [String] { state.withLock { $0.log } }

    func lose(_ reason: String) async { await end(.lost(reason)) }

    var isGone: Bool { state.withLock { $0.termination != nil } }

    private func end(_ termination: SandboxTermination) async {
        let running = state.withLock { state in
            if state.termination == nil { state.termination = termination }
            defer { state.running = [] }
            return state.running
        }
        for handle in running { await handle.end(.lost("the sandbox ended")) }
        await gone.open()
    }

    private func checkLive() throws {
        switch state.withLock({ $0.termination }) {
        case nil: return
        case .lost(let reason)?: throw SandboxError.lost(reason)
        case .stopped?: throw SandboxError.stopped
        case .detached?: throw SandboxError.detached
        }
    }

    // MARK: Sandbox

    func exec(_ request: ExecRequest) async throws -> any ExecHandle {
        try checkLive()
        state.withLock {
            $0.commands.append(request)
            $0.log.append("exec \(request.arguments.joined(separator: " "))")
        }
        if request.arguments.first == "rg" || request.arguments.first == "grep" {
            return FakeHandle(request.id, FakeCommand(outcome: .couldNotStart(errno: 2, message: "not here")))
        }
        let handle = FakeHandle(request.id, try await command(request, self))
        state.withLock { $0.running.append(handle) }
        return handle
    }

    func stat(_ path: String) async throws -> FileStatus? {
        try checkLive()
        if path.hasPrefix("outside") { throw SandboxError.outsideWorkspace(path) }
        return state.withLock { state in
            if let bytes = state.files[path] {
                return FileStatus(kind: .regular, size: bytes.count, mode: 0o644, modifiedNanoseconds: 0)
            }
            let isFolder = path == "." || state.files.keys.contains { $0.hasPrefix(path + "/") }
            return isFolder ? FileStatus(kind: .directory, size: 0, mode: 0o755, modifiedNanoseconds: 0) : nil
        }
    }

    func readFile(_ path: String, offset: Int, maximumBytes: Int) async throws -> FileContents {
        try checkLive()
        await onRead(path)
        guard let bytes = state.withLock({ $0.files[path] }) else { throw SandboxError.notFound(path) }
        return FileContents(bytes: Array(bytes.dropFirst(offset).prefix(maximumBytes)), totalSize: bytes.count)
    }

    func writeFile(_ path: String, _ bytes: [UInt8], mode: UInt32?) async throws {
        try checkLive()
        state.withLock {
            $0.files[path] = bytes
            $0.log.append("write \(path)")
        }
    }

    func removeFile(_ path: String) async throws { state.withLock { $0.files[path] = nil } }

    func listFiles(_ path: String, recursive: Bool, maximumEntries: Int) async throws -> FileListing {
        try checkLive()
        let paths = state.withLock { $0.files.keys.sorted() }
        return FileListing(
            entries: paths.prefix(maximumEntries).map { FileListing.Entry(path: $0, kind: .regular, size: 0) },
            isTruncated: paths.count > maximumEntries)
    }

    func changes() async throws -> [WorkspaceChange] {
        let files = state.withLock { $0.files }
        return Set(files.keys).union(base.keys).sorted().compactMap { path in
            let old = base[path]
            let new = files[path]
            if old == new { return nil }
            let kind: WorkspaceChange.Kind = old == nil ? .added : new == nil ? .deleted : .modified
            return WorkspaceChange(path: path, kind: kind, mode: 0o644, size: new?.count ?? 0) { limit in
                guard let new else { throw SandboxError.notARegularFile(path) }
                guard new.count <= limit else { throw SandboxError.fileTooLarge(path: path, limit: limit) }
                return new
            }
        }
    }

    func stop() async { await end(.stopped) }

    var termination: SandboxTermination {
        get async {
            await gone.wait()
            return state.withLock { $0.termination } ?? .stopped
        }
    }
}

/// How a command of a test goes.
struct FakeCommand: Sendable {
    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    var outcome: ExecResult.Outcome = .exited(0)
    /// Runs until it is cancelled, or the sandbox is gone.
    var hangs = false

    static func text(_ stdout: String, _ code: Int32 = 0) -> FakeCommand {
        FakeCommand(stdout: Array(stdout.utf8), outcome: .exited(code))
    }
}

final class FakeHandle: ExecHandle {
    let id: ExecID
    let output: ExecOutput
    private let command: FakeCommand
    private let ended = Gate()
    private let outcome: Mutex<ExecResult.Outcome>
    private let continuation: AsyncStream<OutputChunk>.Continuation

    init(_ id: ExecID, _ command: FakeCommand) {
        self.id = id
        self.command = command
        outcome = Mutex(command.outcome)
        let (stream, continuation) = AsyncStream.makeStream(of: OutputChunk.self)
        self.continuation = continuation
        if !command.stdout.isEmpty {
            continuation.yield(OutputChunk(stream: .stdout, offset: 0, bytes: command.stdout))
        }
        if !command.stderr.isEmpty {
            continuation.yield(OutputChunk(stream: .stderr, offset: 0, bytes: command.stderr))
        }
        if !command.hangs { continuation.finish() }
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

    func result() async throws -> ExecResult {
        if command.hangs { await ended.wait() }
        return ExecResult(
            outcome: outcome.withLock { $0 }, stdoutBytes: command.stdout.count, stderrBytes: command.stderr.count)
    }

    func cancel() async { await end(.killed(by: .client)) }

    func signal(_ number: Int32) async {}

    func end(_ new: ExecResult.Outcome) async {
        guard command.hangs else { return }
        outcome.withLock { $0 = new }
        continuation.finish()
        await ended.open()
    }
}

/// Makes one fake sandbox from the snapshot on disk.
struct FakeDriver: SandboxDriver {
    let name = "fake"
    let make: @Sendable (SandboxSpec) async throws -> any Sandbox

    func create(_ spec: SandboxSpec) async throws -> any Sandbox { try await make(spec) }
}
