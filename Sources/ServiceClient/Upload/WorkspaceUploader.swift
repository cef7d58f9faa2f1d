import AgentProtocol
import GitWorkerProtocol
import JSONRPC
import WebSocket

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Brings a workspace to a service whose machine does not have it: only objects that the service lacks, in a pack that goes
/// on where it was after a broken connection.
struct WorkspaceUploader: Sendable {
    let configuration: ServiceClientConfiguration
    let engine: ClientEngine
    let progress: @Sendable (UploadProgress) async -> Void

    /// A request or two in a second on a slow line, and no more than the service takes.
    private static let chunk = 1 << 20
    /// Broken connections in a row after which it is given up.
    private static let failures = 20

    /// Whether the service sees other files than this program.
    func isNeeded() async throws -> Bool {
        switch configuration.environment["COFFERDAM_UPLOAD"] {
        case "always": return true
        case "never": return false
        default:
            guard let theirs = try await engine.link().initializeResult.machine else { return false }
            return theirs != MachineIdentity.current
        }
    }

    /// The request with its workspace uploaded.
    func prepare(_ start: AgentStart.Params) async throws -> AgentStart.Params {
        await progress(UploadProgress(sent: 0, total: nil))
        let worker = try GitWorkerProcess(configuration)
        await engine.uploading(1)
        do {
            let prepared = try await prepare(start, worker)
            await worker.end()
            await engine.uploading(-1)
            return prepared
        } catch {
            await worker.end()
            await engine.uploading(-1)
            throw error
        }
    }

    private func prepare(_ start: AgentStart.Params, _ worker: GitWorkerProcess) async throws -> AgentStart.Params {
        guard let folder = start.workspaceFolder else { return start }
        let taken = try await worker.call(
            GitSnapshot.self, .init(folder: folder, documents: start.documents ?? []))
        let project = Self.project(taken.repository)
        let wanted = try await missing(project, taken, worker)
        if wanted.all || !wanted.objects.isEmpty {
            let base = wanted.all || taken.head.map(wanted.objects.contains) ?? true ? nil : taken.head
            let pack = try await worker.call(
                GitPack.self,
                .init(
                    repository: taken.repository, roots: taken.roots,
                    missing: wanted.all ? nil : Array(wanted.objects), base: base))
            defer { unlink(pack.path) }
            try await send(pack, project)
        } else {
            await progress(UploadProgress(sent: 0, total: 0))
        }
        var start = start
        start.workspace = UploadedWorkspace(project: project, tree: taken.tree, origin: taken.origin)
        start.documents = nil
        return start
    }

    /// What the service lacks, level by level from the roots.
    private func missing(
        _ project: String, _ taken: GitSnapshot.Result, _ worker: GitWorkerProcess
    ) async throws -> (all: Bool, objects: Set<String>) {
        var missing: Set<String> = []
        var asked = Set(taken.roots)
        var level = taken.roots
        while !level.isEmpty {
            var lacking: [String] = []
            for start in stride(from: 0, to: level.count, by: WorkspaceNegotiate.maximumObjects) {
                let part = Array(level[start..<min(level.count, start + WorkspaceNegotiate.maximumObjects)])
                let answer = try await engine.call(
                    WorkspaceNegotiate.self, .init(project: project, objects: part))
                if answer.isNew { return (true, []) }
                lacking += answer.missing
            }
            missing.formUnion(lacking)
            guard !lacking.isEmpty else { break }
            let children = try await worker.call(
                GitChildren.self, .init(repository: taken.repository, objects: lacking))
            level = (children.trees + children.blobs).filter { asked.insert($0).inserted }
        }
        return (false, missing)
    }

    private func send(_ pack: GitPack.Result, _ project: String) async throws {
        let file = open(pack.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw Self.unreadable(pack.path) }
        defer { _ = close(file) }
        var offset = 0
        var failures = 0
        while true {
            // After a failure only asked: where does it go on?
            let data = failures > 0 ? [] : try Self.read(file, at: offset, pack.path)
            do {
                let answer = try await engine.call(
                    WorkspaceUpload.self,
                    .init(
                        project: project, pack: pack.pack, bytes: pack.bytes, offset: offset,
                        data: Base64.encode(data)))
                await progress(UploadProgress(sent: answer.received, total: pack.bytes))
                if answer.isComplete { return }
                guard (0...pack.bytes).contains(answer.received) else {
                    throw ServiceClientError.configuration(
                        "the service's answer to \(WorkspaceUpload.method) makes no sense")
                }
                offset = answer.received
                failures = 0
            } catch let error as ServiceClientError where error.isPassing {
                failures += 1
                guard failures <= Self.failures else { throw error }
                try await Task.sleep(for: .milliseconds(min(5000, 100 << min(failures, 6))))
            }
        }
    }

    private static func read(_ file: Int32, at offset: Int, _ path: String) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: chunk)
        var count = -1
        repeat {
            count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, off_t(offset)) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw unreadable(path) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    private static func unreadable(_ path: String) -> ServiceClientError {
        .configuration("cannot read \(path): \(String(cString: strerror(errno)))")
    }

    /// One name for all working trees of a repository on this machine.
    private static func project(_ repository: String) -> String {
        var name = [CChar](repeating: 0, count: 256)
        let host =
            gethostname(&name, name.count - 1) == 0
            ? String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
        // The end of a long path tells more than its beginning.
        var text = Array("\(host):\(repository)".utf8.suffix(128))
        while let first = text.first, first & 0xC0 == 0x80 { text.removeFirst() }
        return String(decoding: text, as: UTF8.self)
    }
}
