import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Objects of workspaces that clients upload: a bare repository for each project of each user, so that only what changed
/// travels. Users share nothing: who knows an object's name has not its contents.
///
/// Packs come in pieces to a file beside the repository; nothing of a pack is an object before the whole has come and was
/// checked. Repositories that no session holds go beyond a budget, the one that was used longest ago first.
public actor ProjectStore {
    public struct Limits: Sendable {
        /// Bytes on disk of repositories that nobody holds.
        public var budget = 8 << 30
        /// Bytes of one pack.
        public var packBytes = 4 << 30
        /// Packs in one repository: beyond it begins anew.
        public var packs = 200
        /// Packs that are on their way, of all users.
        public var uploads = 64
        /// Seconds until a pack that was not finished is dropped.
        public var uploadAge = 24 * 3600

        public init() {}
    }

    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case badName(String)
        case tooLarge(limit: Int)
        case tooMany(limit: Int)
        case diskFull
        case damaged(String)
        case incomplete(String)
        case disk(String)

        public var description: String {
            switch self {
            case .badName(let text): "`\(text)` cannot be a project or an object"
            case .tooLarge(let limit):
                "the upload is larger than \(limit >> 20) MiB; ignore build products in .gitignore"
            case .tooMany(let limit): "\(limit) uploads are under way; try again later"
            case .diskFull: "the service's disk is full"
            case .damaged(let text): "the upload is damaged: \(text)"
            case .incomplete(let text): "the uploaded workspace is incomplete: \(text)"
            case .disk(let text): "the service cannot keep the upload: \(text)"
            }
        }
    }

    /// A user's project.
    public struct Key: Sendable, Hashable {
        let name: String

        /// For `BaseStore.take(tree:in:label:)`.
        public var label: String { "project \(name)" }

        /// - Throws: ``Failure/badName(_:)`` for a project's name that is empty or longer than 128 bytes.
        public init(user: String, project: String) throws(Failure) {
            let text = Array(user.utf8) + [0] + Array(project.utf8)
            guard !project.isEmpty, project.utf8.count <= 128, let id = try? ObjectID.blob(text) else {
                throw .badName(String(project.prefix(128)))
            }
            name = id.description
        }
    }

    private nonisolated let directory: String
    private let limits: Limits
    private var holders: [String: Set<String>] = [:]
    /// The newest work on each repository: they follow one another.
    private var busy: [String: Task<Void, Never>] = [:]
    /// Packs that were taken since the service began, for clients that did not hear of it.
    private var finished: Set<String> = []

    /// - Throws: `WorkspaceError.fileFailed` when the directory cannot be made.
    public init(directory: String, limits: Limits = Limits()) throws(WorkspaceError) {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw .fileFailed(path: directory, reason: String(cString: strerror(errno)))
        }
        self.directory = directory
        self.limits = limits
    }

    /// The project's bare repository.
    public nonisolated func path(of key: Key) -> String { "\(directory)/\(key.name).git" }

    // MARK: Sessions

    /// The project stays until ``release(_:)``.
    public func hold(_ key: Key, _ holder: String) { holders[key.name, default: []].insert(holder) }

    public func release(_ holder: String) async {
        for key in holders.keys { holders[key]?.remove(holder) }
        holders = holders.filter { !$0.value.isEmpty }
        await trim()
    }

    // MARK: Verbs

    /// Those of the objects that are not there, in their order; nil when nothing of the project is.
    public func missing(of ids: [ObjectID], in key: Key) async throws -> [ObjectID]? {
        let path = path(of: key)
        return try await working(on: key) {
            guard access(path, F_OK) == 0 else { return nil }
            // In use: not the first to go.
            utimensat(AT_FDCWD, path, nil, 0)
            let repository = try Repository.open(path)
            return ids.filter { !repository.contains($0) }
        }
    }

    /// Takes a piece of a pack.
    /// - Parameters:
    ///   - pack: the pack's checksum.
    ///   - bytes: of the whole pack.
    /// - Returns: how much of it is there, and whether all of it was taken.
    /// - Throws: ``Failure``.
    public func receive(
        _ data: [UInt8], at offset: Int, of pack: ObjectID, bytes: Int, in key: Key
    ) async throws -> (received: Int, isComplete: Bool) {
        guard bytes <= limits.packBytes else { throw Failure.tooLarge(limit: limits.packBytes) }
        guard bytes > 32, offset >= 0 else { throw Failure.damaged("its length makes no sense") }
        let upload = "\(key.name)-\(pack)"
        if finished.contains(upload) { return (bytes, true) }
        let part = "\(directory)/\(upload).part"
        if access(part, F_OK) != 0 {
            let parts = try await dropOldParts()
            guard parts < limits.uploads else { throw Failure.tooMany(limit: limits.uploads) }
        }
        let (path, packs) = (path(of: key), limits.packs)
        let isHeld = holders[key.name] != nil
        let taken = try await working(on: key) { () throws -> (received: Int, isComplete: Bool) in
            let received = try PackPart.append(data, at: offset, to: part, total: bytes)
            guard received == bytes else { return (received, false) }
            defer { unlink(part) }
            if !isHeld, FolderRemoval.names("\(path)/objects/pack").count > 2 * packs { FolderRemoval.remove(path) }
            try PackPart.index(part, checksum: pack, into: path)
            return (received, true)
        }
        if taken.isComplete {
            finished.insert(upload)
            await trim()
        }
        return taken
    }

    /// The origin that a client uploaded with a tree.
    /// - Throws: ``Failure/incomplete(_:)`` when it is not there or is none.
    public func origin(_ id: ObjectID, in key: Key) async throws -> [UInt8] {
        let path = path(of: key)
        return try await working(on: key) {
            do {
                let object = try Repository.open(path).read(id, limit: 64 << 20)
                guard object.kind == .blob else { throw Failure.incomplete("its origin is no blob") }
                return object.bytes
            } catch let error as GitError {
                throw Failure.incomplete(error.message)
            }
        }
    }

    /// What is there of the project is not to be relied on: it is uploaded anew.
    public func forget(_ key: Key) async {
        guard holders[key.name] == nil else { return }
        let path = path(of: key)
        finished = finished.filter { !$0.hasPrefix(key.name) }
        _ = try? await working(on: key) { FolderRemoval.remove(path) }
    }

    // MARK: Order and room

    private func working<T: Sendable>(on key: Key, _ body: @escaping @Sendable () throws -> T) async throws -> T {
        let before = busy[key.name]
        let work = Task {
            await before?.value
            return try await DiskWork.run(body)
        }
        let end = Task { _ = await work.result }
        busy[key.name] = end
        defer { if busy[key.name] == end { busy[key.name] = nil } }
        return try await work.value
    }

    /// - Returns: how many are left.
    private func dropOldParts() async throws -> Int {
        let (directory, age) = (directory, limits.uploadAge)
        return await DiskWork.run {
            var left = 0
            for name in FolderRemoval.names(directory) where name.hasSuffix(".part") {
                let path = "\(directory)/\(name)"
                guard let stamp = FileStamp(path: path) else { continue }
                if stamp.modified < FileStamp.now() - age * 1_000_000_000 { unlink(path) } else { left += 1 }
            }
            return left
        }
    }

    private func trim() async {
        let (directory, budget) = (directory, limits.budget)
        let held = Set(holders.keys).union(busy.keys)
        await DiskWork.run {
            var idle: [(path: String, used: Int, bytes: Int)] = []
            for name in FolderRemoval.names(directory) where name.hasSuffix(".git") {
                guard !held.contains(String(name.dropLast(4))) else { continue }
                let path = "\(directory)/\(name)"
                var bytes = 0
                for pack in FolderRemoval.names("\(path)/objects/pack") {
                    bytes += FileStamp(path: "\(path)/objects/pack/\(pack)")?.size ?? 0
                }
                idle.append((path, FileStamp(path: path)?.modified ?? 0, bytes))
            }
            var kept = 0
            for repository in idle.sorted(by: { $0.used > $1.used }) {
                kept += repository.bytes
                if kept > budget { FolderRemoval.remove(repository.path) }
            }
        }
    }
}
