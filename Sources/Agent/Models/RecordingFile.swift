import AgentProtocol
import Models
import Sandbox
import Synchronization
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A recording of a session's model traffic, on the service's disk, beside the session's folder: it is kept as long as
/// the session's result.
public final class RecordingFile: Sendable {
    private enum Job: Sendable {
        case write([UInt8])
        case settle(CheckedContinuation<Void, Never>)
    }

    private struct Progress {
        /// Whole lines that are there.
        var bytes = 0
        var failure: String?
    }

    private let path: String
    private let jobs: AsyncStream<Job>.Continuation
    private let progress: Mutex<Progress>
    private let writer: Task<Void, Never>

    /// Bytes of one piece.
    private static let pieceBytes = 1 << 20

    /// Goes on with what a former service wrote; a line that it did not finish is removed.
    /// - Parameter stateDirectory: the session's folder.
    /// - Throws: `AgentError.configuration` when the disk does not take it.
    public init(stateDirectory: String) async throws {
        let path = Self.path(stateDirectory)
        self.path = path
        let bytes = try await Background.run {
            guard access(path, F_OK) == 0 else {
                guard FileBytes.write([], toFile: path, mode: 0o600) else { throw Self.error(path) }
                return 0
            }
            guard let old = FileBytes.read(path, limit: TrafficLimits.maximumBytes) else { throw Self.error(path) }
            let whole = old.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            guard whole == old.count || truncate(path, off_t(whole)) == 0 else { throw Self.error(path) }
            return whole
        }
        progress = Mutex(Progress(bytes: bytes))
        let (stream, continuation) = AsyncStream.makeStream(of: Job.self)
        jobs = continuation
        let box = Box()
        writer = Task {
            for await job in stream {
                switch job {
                case .settle(let waiting): waiting.resume()
                case .write(let bytes):
                    guard let file = box.file.withLock({ $0.value }) else { continue }
                    await file.append(bytes)
                }
            }
        }
        box.file.withLock { $0.value = self }
    }

    /// The writer must not keep what ends it.
    private final class Box: Sendable {
        struct Weak { weak var value: RecordingFile? }
        let file = Mutex(Weak())
    }

    deinit { jobs.finish() }

    /// Length of what there is.
    var bytes: Int { progress.withLock { $0.bytes } }

    /// Takes a line; it is written soon.
    func take(_ line: [UInt8]) { jobs.yield(.write(line)) }

    /// Waits until everything that was taken is written.
    public func settle() async {
        await withCheckedContinuation { continuation in
            if case .terminated = jobs.yield(.settle(continuation)) { continuation.resume() }
        }
    }

    private func append(_ line: [UInt8]) async {
        guard progress.withLock({ $0.failure == nil }) else { return }
        let path = path
        do {
            try await Background.run {
                let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
                guard file >= 0 else { throw Self.error(path) }
                defer { close(file) }
                var rest = line[...]
                while !rest.isEmpty {
                    let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw Self.error(path) }
                    rest = rest.dropFirst(count)
                }
            }
            progress.withLock { $0.bytes += line.count }
        } catch {
            // The session goes on; who asks for the recording is told.
            progress.withLock { $0.failure = "\(error)" }
        }
    }

    /// A piece of the recording.
    /// - Throws: `AgentError` when it could not be written, or the offset is beyond its end.
    public func piece(at offset: Int) async throws -> AgentRecording.Result {
        await settle()
        let (bytes, failure) = progress.withLock { ($0.bytes, $0.failure) }
        if let failure { throw AgentError.configuration("the recording is not whole: \(failure)") }
        return try await Self.piece(path, at: offset, of: bytes)
    }

    /// A piece of the recording of a session that is over.
    /// - Throws: `AgentError` when there is none.
    public static func piece(stateDirectory: String, at offset: Int) async throws -> AgentRecording.Result {
        try await piece(path(stateDirectory), at: offset, of: nil)
    }

    private static func piece(_ path: String, at offset: Int, of whole: Int?) async throws -> AgentRecording.Result {
        try await Background.run {
            guard let all = FileBytes.read(path, limit: TrafficLimits.maximumBytes), !all.isEmpty else {
                throw AgentError.invalidParams("the session was not recorded")
            }
            let bytes = min(whole ?? all.count, all.count)
            guard (0...bytes).contains(offset) else {
                throw AgentError.invalidParams("`offset` is not within the recording")
            }
            let end = min(bytes, offset + pieceBytes)
            return AgentRecording.Result(data: Base64.encode(Array(all[offset..<end])), bytes: bytes)
        }
    }

    public static func remove(stateDirectory: String) async {
        _ = try? await Background.run { unlink(path(stateDirectory)) }
    }

    private static func path(_ stateDirectory: String) -> String { stateDirectory + ".recording.jsonl" }

    private static func error(_ path: String) -> AgentError {
        .configuration("cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
