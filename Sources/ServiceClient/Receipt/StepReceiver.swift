import AgentProtocol
import GitWorkerProtocol
import JSONRPC

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Brings the commits of sessions into the user's own repository as the work goes on: objects that it lacks, and the
/// references beneath `refs/cofferdam` that keep them. Nothing else there is touched.
///
/// The helper program is started when there is something to do, and ends when all is done.
public actor StepReceiver {
    private let service: any AgentServiceConnection
    private let startWorker: @Sendable () throws -> any GitWorking
    private let failed: @Sendable (_ session: String, _ reason: String) async -> Void
    /// Sessions that have news, with their folders.
    private var waiting: [(session: String, folder: String)] = []
    private var work: Task<Void, Never>?
    /// Sessions whose trouble the user was told.
    private var told: Set<String> = []

    /// Rounds of asking for objects: a tree's depth, and what does not fit into one pack.
    private static let maximumRounds = 2000
    /// Broken connections in a row after which a piece is given up.
    private static let maximumFailures = 10

    /// - Parameter failed: told once of each session whose commits cannot be brought.
    public init(
        service: any AgentServiceConnection, startWorker: @escaping @Sendable () throws -> any GitWorking,
        failed: @escaping @Sendable (_ session: String, _ reason: String) async -> Void
    ) {
        self.service = service
        self.startWorker = startWorker
        self.failed = failed
    }

    /// Whether an event means that a session's commits are other ones.
    public static func isNews(_ event: AgentEvent) -> Bool {
        switch event {
        case .stepCommitted, .sessionRestored: true
        default: false
        }
    }

    /// A session has news; returns at once.
    public func receive(_ session: String, folder: String) {
        if !waiting.contains(where: { $0.session == session }) { waiting.append((session, folder)) }
        if work == nil { work = Task { await self.run() } }
    }

    /// Waits until all that was known is brought.
    public func settle() async { await work?.value }

    private func run() async {
        defer { work = nil }
        let worker: any GitWorking
        do { worker = try startWorker() } catch {
            for (session, _) in waiting { await tell(session, error) }
            waiting = []
            return
        }
        while !waiting.isEmpty {
            let (session, folder) = waiting.removeFirst()
            do { try await bring(session, to: folder, worker) } catch { await tell(session, error) }
        }
        await worker.end()
    }

    private func tell(_ session: String, _ error: any Error) async {
        guard !(error is CancellationError), told.insert(session).inserted else { return }
        await failed(session, (error as? ResponseError)?.message ?? "\(error)")
    }

    private func bring(_ session: String, to folder: String, _ worker: any GitWorking) async throws {
        let steps = try await service.call(AgentSteps.self, AgentSteps.Params(sessionId: session))
        // Names come from the service: only this session's own are set.
        let own = ["refs/cofferdam/\(session)", "refs/cofferdam-steps/\(session)/"]
        let references = Dictionary(
            steps.references.filter { $0.name == own[0] || $0.name.hasPrefix(own[1]) }.map { ($0.name, $0.commit) }
        ) { first, _ in first }
        guard !references.isEmpty else { return }
        let wanted = GitWanted.Params(
            folder: folder, prefix: steps.prefix, commits: steps.commits.map(\.commit), references: references)
        var before: [String] = []
        for _ in 0..<Self.maximumRounds {
            let answer = try await worker.call(GitWanted.self, wanted)
            if answer.isCurrent { return }
            if answer.missing.isEmpty {
                _ = try await worker.call(GitReceive.self, GitReceive.Params(folder: folder, references: references))
                return
            }
            guard answer.missing != before else {
                throw ResponseError(
                    code: .requestFailed, message: "the objects \(before.prefix(3).joined(separator: ", ")) do not come"
                )
            }
            before = answer.missing
            try await fetch(answer.missing, of: session, to: folder, worker)
        }
        throw ResponseError(code: .requestFailed, message: "the session's commits have too many objects")
    }

    private func fetch(
        _ ids: [String], of session: String, to folder: String, _ worker: any GitWorking
    ) async throws {
        let made = try await service.call(AgentObjects.self, AgentObjects.Params(sessionId: session, ids: ids))
        guard let pack = made.pack else {
            throw ResponseError(
                code: .requestFailed,
                message: "the service no longer has \(ids.count) objects of the session's start, \(ids[0]) among them")
        }
        let file = try ReceivedFile()
        defer { file.remove() }
        var failures = 0
        while file.bytes < made.bytes {
            do {
                let piece = try await service.call(
                    AgentPack.self, AgentPack.Params(sessionId: session, pack: pack, offset: file.bytes))
                guard let bytes = Base64.decode(piece.data), !bytes.isEmpty, file.bytes + bytes.count <= made.bytes
                else {
                    throw ResponseError(code: .requestFailed, message: "a piece of a pack from the service is damaged")
                }
                try file.append(bytes)
                failures = 0
            } catch let error as ServiceClientError {
                failures += 1
                guard failures <= Self.maximumFailures else { throw error }
                try await Task.sleep(for: .milliseconds(100 << min(failures, 5)))
            }
        }
        _ = try await worker.call(
            GitReceive.self, GitReceive.Params(folder: folder, pack: file.path, references: [:]))
    }
}

/// The file that a pack is written to as it comes; seen by its user alone.
private final class ReceivedFile {
    let path: String
    private let descriptor: Int32
    private(set) var bytes = 0

    init() throws {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/cofferdam-pack-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard descriptor >= 0 else { throw Self.failure("make a file in \(folder)") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { _ = close(descriptor) }

    func append(_ new: [UInt8]) throws {
        var rest = new[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("write \(path)") }
            rest = rest.dropFirst(count)
        }
        bytes += new.count
    }

    func remove() { unlink(path) }

    private static func failure(_ operation: String) -> ResponseError {
        ResponseError(code: .requestFailed, message: "cannot \(operation): \(String(cString: strerror(errno)))")
    }
}
