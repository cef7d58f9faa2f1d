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
    /// Called before (false) and after (true) each write.
    let onWrite = Late<@Sendable (Bool) async -> Void>()
    private let gone = Gate()

    private struct State {
        var files: [String: [UInt8]]
        var commands: [ExecRequest] = []
        var running: [FakeHandle] = []
        var known: [ExecID: FakeHandle] = [:]
        var termination: SandboxTermination?
        var scratch: [String: [ScratchFile]] = [:]
        var scratchFolders = 0
        /// Of files that a test writes, for `stat`.
        var times: [String: Int] = [:]
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
        set {
            state.withLock { state in
                state.files[path] = newValue.map { Array($0.utf8) }
                state.times[path, default: 0] += 1
            }
        }
    }

    func setBytes(_ path: String, _ bytes: [UInt8]) { state.withLock { $0.files[path] = bytes } }

    var commands: [ExecRequest] { state.withLock { $0.commands } }

    /// Scratch folders that are there, with what is in them.
    var scratch: [String: [ScratchFile]] { state.withLock { $0.scratch } }

    func leave(_ path: String, _ text: String, inScratch folder: String) {
        state.withLock { $0.scratch[folder]?.append(ScratchFile(path: path, bytes: Array(text.utf8))) }
    }

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
        if let known = state.withLock({ $0.known[request.id] }) { return known }
        let handle = FakeHandle(request.id, try await command(request, self))
        state.withLock {
            $0.running.append(handle)
            $0.known[request.id] = handle
        }
        return handle
    }

    func attach(_ id: ExecID, stdoutOffset: Int, stderrOffset: Int) async throws -> any ExecHandle {
        try checkLive()
        guard let handle = state.withLock({ $0.known[id] }) else { throw SandboxError.unknownCommand(id) }
        return handle.attached(stdoutOffset, stderrOffset)
    }

    /// The command that was started last.
    var lastHandle: FakeHandle? { state.withLock { $0.running.last } }

    func stat(_ path: String) async throws -> FileStatus? {
        try checkLive()
        if path.hasPrefix("outside") { throw SandboxError.outsideWorkspace(path) }
        return state.withLock { state in
            if let bytes = state.files[path] {
                return FileStatus(
                    kind: .regular, size: bytes.count, mode: 0o644, modifiedNanoseconds: state.times[path] ?? 0)
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
        await onWrite.get()?(false)
        state.withLock {
            $0.files[path] = bytes
            $0.log.append("write \(path)")
        }
        await onWrite.get()?(true)
    }

    func removeFile(_ path: String) async throws { state.withLock { $0.files[path] = nil } }

    func listFiles(_ path: String, recursive: Bool, maximumEntries: Int) async throws -> FileListing {
        try checkLive()
        let paths = state.withLock { $0.files.keys.sorted() }
        return FileListing(
            entries: paths.prefix(maximumEntries).map { FileListing.Entry(path: $0, kind: .regular, size: 0) },
            isTruncated: paths.count > maximumEntries)
    }

    func makeScratchFolder() async throws -> String? {
        state.withLock { state in
            state.scratchFolders += 1
            let folder = "/tmp/scratch-\(state.scratchFolders)"
            state.scratch[folder] = []
            return folder
        }
    }

    func scratchFiles(_ folder: String, maximumFiles: Int, maximumBytes: Int) async throws -> [ScratchFile] {
        state.withLock { $0.scratch[folder] ?? [] }
    }

    func removeScratchFolder(_ folder: String) async { state.withLock { $0.scratch[folder] = nil } }

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

/// Makes one fake sandbox from the snapshot on disk.
struct FakeDriver: SandboxDriver {
    let name = "fake"
    let make: @Sendable (SandboxSpec) async throws -> any Sandbox

    /// What an older service left; nil: nothing.
    var left: (@Sendable (SandboxSpec) async throws -> any Sandbox)?
    var changes: @Sendable () async throws -> [WorkspaceChange] = { [] }

    func create(_ spec: SandboxSpec) async throws -> any Sandbox { try await make(spec) }

    func adopt(_ spec: SandboxSpec) async throws -> any Sandbox {
        guard let left else { throw SandboxError.lost("nothing of it runs") }
        return try await left(spec)
    }

    func changes(leftBy spec: SandboxSpec) async throws -> [WorkspaceChange] { try await changes() }
}
