import AgentProtocol
import Git
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Handing out objects. All that is in the repository is the session's own; of its base only the files that it froze are
/// added, and nothing of the user's repository is ever here.
extension SessionRepository {
    /// Of one request.
    private static let maximumIds = 5000
    /// Of all objects in a pack, before they are packed: what a message's worth of pieces carries in a few seconds.
    private static let maximumPackBytes = 64 << 20
    /// Bytes of a piece.
    private static let pieceBytes = 1 << 20
    /// Packs that wait for being fetched; the eldest make room.
    private static let maximumPacks = 8

    private var packFolder: String { "\(path)/cofferdam-packs" }

    /// Makes a pack of objects.
    /// - Parameter base: files of what the session started from, by their blobs' names; nil: they are no longer at hand.
    /// - Throws: `AgentError.invalidParams`, `GitError`.
    public func pack(_ params: AgentObjects.Params, base: [ObjectID: String]?, of snapshot: WorkspaceSnapshot?) throws
        -> AgentObjects.Result
    {
        guard params.ids.count <= Self.maximumIds else {
            throw AgentError.invalidParams("at most \(Self.maximumIds) objects can be asked for at once")
        }
        let repository = try open()
        let files = try snapshot.map {
            try GitFiles(
                origin()?.workspace.adjustments ?? TreeAdjustments(), $0, [], to: repository,
                scratch: "\(path)/rules-\(UInt64.random(in: 0 ... .max))", limit: Self.maximumBaseFile)
        }
        var taken: [ObjectID] = []
        var (left, missing): ([String], [String]) = ([], [])
        var (seen, bytes): (Set<ObjectID>, Int) = ([], 0)
        for text in params.ids {
            guard let id = ObjectID(hex: text) else { throw AgentError.invalidParams("`\(text)` names no object") }
            guard seen.insert(id).inserted else { continue }
            if bytes >= Self.maximumPackBytes {
                left.append(text)
                continue
            }
            if !repository.contains(id), let path = base?[id] { try files?.writeOriginal(path) }
            guard repository.contains(id) else {
                missing.append(text)
                continue
            }
            bytes += try repository.header(id).bytes
            taken.append(id)
        }
        var result = AgentObjects.Result(
            bytes: 0, left: left.isEmpty ? nil : left, missing: missing.isEmpty ? nil : missing)
        guard !taken.isEmpty else { return result }
        let name = try ObjectID.blob(taken.flatMap(\.bytes)).description
        result.pack = name
        result.bytes = try write(taken, as: name, repository)
        return result
    }

    /// Files of a user's folder are at most as large as a workspace.
    private static let maximumBaseFile = WorkspaceSnapshot.Limits().bytes

    private func write(_ ids: [ObjectID], as name: String, _ repository: Repository) throws -> Int {
        mkdir(packFolder, 0o700)
        let file = "\(packFolder)/\(name).pack"
        var status = stat()
        if stat(file, &status) == 0 { return Int(status.st_size) }
        makeRoom()
        let temporary = "\(file).\(UInt64.random(in: 0 ... .max))"
        let bytes = try repository.writePack(of: ids, to: temporary)
        guard rename(temporary, file) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw AgentError.configuration("cannot write \(file): \(reason)")
        }
        return bytes
    }

    private func makeRoom() {
        guard let directory = opendir(packFolder) else { return }
        defer { closedir(directory) }
        var files: [(path: String, time: Int)] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            let file = "\(packFolder)/\(name)"
            guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append((file, Int(status.st_mtim.tv_sec)))
        }
        guard files.count >= Self.maximumPacks else { return }
        for file in files.sorted(by: { $0.time < $1.time }).prefix(files.count - Self.maximumPacks + 1) {
            unlink(file.path)
        }
    }

    /// A piece of a pack that ``pack(_:base:of:)`` made.
    /// - Throws: `AgentError.invalidParams` when it is not there (any more).
    public func piece(_ params: AgentPack.Params) throws -> AgentPack.Result {
        guard ObjectID(hex: params.pack) != nil else { throw AgentError.invalidParams("`pack` is no name of a pack") }
        let file = open(packFile: params.pack)
        guard file >= 0 else {
            throw AgentError.invalidParams("the pack \(params.pack) is no longer there; ask for its objects again")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, params.offset >= 0, params.offset <= Int(status.st_size) else {
            throw AgentError.invalidParams("`offset` is not within the pack")
        }
        let wanted = min(Self.pieceBytes, Int(status.st_size) - params.offset)
        var bytes = [UInt8](repeating: 0, count: wanted)
        var count = 0
        while count < wanted {
            let read = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress.map { $0 + count }, wanted - count, off_t(params.offset + count))
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { throw AgentError.configuration("the pack \(params.pack) cannot be read") }
            count += read
        }
        return AgentPack.Result(data: Base64.encode(bytes), bytes: Int(status.st_size))
    }

    private func open(packFile name: String) -> Int32 {
        #if canImport(Glibc)
            Glibc.open("\(packFolder)/\(name).pack", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        #else
            Darwin.open("\(packFolder)/\(name).pack", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        #endif
    }

    /// The session's commits, for `agent/steps`.
    /// - Throws: `AgentError.invalidParams` when it has no repository yet.
    public func steps() throws -> AgentSteps.Result {
        let history = try requireHistory()
        var commits: [StepCommit] = []
        if history.hasBaseCommit, let id = ObjectID(hex: history.base.commit), let base = try? open().commit(id) {
            commits.append(
                StepCommit(
                    commit: history.base.commit, parent: base.parents.first?.description, tree: history.base.tree,
                    files: 0, time: base.committer.time * 1000, subject: Self.subject(base.message)))
        }
        for step in history.steps where step.files > 0 {
            commits.append(
                StepCommit(
                    step: step.step, commit: step.point.commit, parent: step.parent?.commit, tree: step.point.tree,
                    files: step.files, time: step.time, subject: step.subject))
        }
        return AgentSteps.Result(
            head: history.head, base: history.base.commit, tip: history.tip.commit, prefix: history.prefix,
            commits: commits,
            references: history.references.sorted { $0.key < $1.key }.map {
                StepReference(name: $0.key, commit: $0.value)
            })
    }

    func requireHistory() throws -> SessionHistory {
        guard let history = history() else { throw AgentError.invalidParams("the session has no commits yet") }
        return history
    }

    private static func subject(_ message: [UInt8]) -> String {
        String(decoding: message.prefix { $0 != UInt8(ascii: "\n") }.prefix(200), as: UTF8.self)
    }
}
