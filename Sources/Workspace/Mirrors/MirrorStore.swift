import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Bare copies of remote repositories that sessions share: what one has fetched the next need not fetch.
///
/// A session pins the commit that it begins with, so that a branch that is rewritten takes nothing away from it. Copies that
/// nobody pins are removed beyond a budget, the one that was used longest ago first.
public actor MirrorStore {
    /// A state of a remote that is here now.
    public struct Fetched: Sendable, Equatable {
        /// The bare repository.
        public var repository: String
        /// The full name that was looked up; nil for a commit that was named by its hash.
        public var name: String?
        public var commit: ObjectID
        public var tree: ObjectID
        /// Whether the repository was here before.
        public var wasCached: Bool
    }

    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case noSuchReference(remote: String, ref: String?)
        case empty(remote: String)
        /// What the remote said is no list of references.
        case malformed(remote: String)
        case git(String)
        case disk(String)

        public var description: String {
            switch self {
            case .noSuchReference(let remote, nil): "\(remote) has no default branch; name a branch"
            case .noSuchReference(let remote, let ref?): "\(remote) has no branch, tag or commit `\(ref)`"
            case .empty(let remote): "\(remote) is empty"
            case .malformed(let remote): "\(remote) answers, but not as a git repository does"
            case .git(let text), .disk(let text): text
            }
        }
    }

    private let directory: String
    /// Bytes on disk of copies that nobody pins.
    private let budget: Int
    /// The newest fetch of each copy: they follow one another.
    private var busy: [String: Task<Void, Never>] = [:]

    private static let pins = "refs/cofferdam-sessions/"

    /// - Throws: `WorkspaceError.fileFailed` when the directory cannot be made.
    public init(directory: String, budget: Int = 8 << 30) throws(WorkspaceError) {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw .fileFailed(path: directory, reason: String(cString: strerror(errno)))
        }
        self.directory = directory
        self.budget = budget
    }

    /// Where the copy of a remote is, or would be.
    public nonisolated func path(of remote: String) -> String {
        // Addresses may have any character; the name only needs to be the same each time.
        let key = (try? ObjectID.blob(Array(remote.utf8)))?.description ?? "unknown"
        return "\(directory)/\(key).git"
    }

    /// Brings a state of a remote here, asking the remote each time what it is now.
    /// - Parameters:
    ///   - ref: see ``RemoteReferences/resolve(_:)``.
    ///   - holder: the session that the commit is kept for, until ``release(_:)``.
    /// - Throws: ``Failure``; what the transport throws.
    public func fetch(
        _ remote: String, ref: String?, holder: String, through transport: any RemoteTransport
    ) async throws -> Fetched {
        let path = path(of: remote)
        let before = busy[path]
        let work = Task {
            await before?.value
            return try await Self.fetch(remote, ref, into: path, holder, transport)
        }
        let end = Task { _ = await work.result }
        busy[path] = end
        defer { if busy[path] == end { busy[path] = nil } }
        let fetched = try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            work.cancel()
        }
        await trim()
        return fetched
    }

    /// What is kept for one holder is kept for another one too.
    public func share(_ holder: String, with other: String) async throws {
        let directory = directory
        try await DiskWork.run {
            for name in FolderRemoval.names(directory) where name.hasSuffix(".git") {
                let repository = try Repository.open("\(directory)/\(name)")
                guard let commit = try repository.reference(Self.pins + holder) else { continue }
                let old = try repository.reference(Self.pins + other)
                try repository.setReference(Self.pins + other, to: commit, from: old)
            }
        }
    }

    /// The holder's commits need not be kept any more.
    public func release(_ holder: String) async {
        let directory = directory
        await DiskWork.run {
            for name in FolderRemoval.names(directory) where name.hasSuffix(".git") {
                guard let repository = try? Repository.open("\(directory)/\(name)") else { continue }
                try? repository.removeReference(Self.pins + holder)
            }
        }
        await trim()
    }

    /// Drops the pins of all other holders.
    public func keepOnly(_ holders: Set<String>) async {
        let directory = directory
        await DiskWork.run {
            for name in FolderRemoval.names(directory) where name.hasSuffix(".git") {
                guard let repository = try? Repository.open("\(directory)/\(name)"),
                    let pins = try? repository.references(beneath: Self.pins)
                else { continue }
                for pin in pins where !holders.contains(String(pin.name.dropFirst(Self.pins.count))) {
                    try? repository.removeReference(pin.name)
                }
            }
        }
        await trim()
    }

    // MARK: Fetching

    private static func fetch(
        _ remote: String, _ ref: String?, into path: String, _ holder: String, _ transport: any RemoteTransport
    ) async throws -> Fetched {
        guard let references = RemoteReferences(parsing: try await transport.references(of: remote)) else {
            throw Failure.malformed(remote: remote)
        }
        guard !references.isEmpty else { throw Failure.empty(remote: remote) }
        guard let wanted = references.resolve(ref) else { throw Failure.noSuchReference(remote: remote, ref: ref) }
        var status = stat()
        let wasCached = stat(path + "/HEAD", &status) == 0
        var found = try await look(for: wanted.commit, in: path)
        if found == nil {
            try await transport.fetch(refspecs(for: wanted, references), from: remote, into: path)
            found = try await look(for: wanted.commit, in: path)
        }
        // Forges hide commits that no branch or tag reaches; some give them when they are asked for by name.
        if found == nil, wanted.name == nil {
            let pin = "+\(wanted.commit):\(pins)\(holder)"
            do { try await transport.fetch([pin], from: remote, into: path) } catch {
                throw Failure.noSuchReference(remote: remote, ref: ref)
            }
            found = try await look(for: wanted.commit, in: path)
        }
        guard let tree = found else { throw Failure.noSuchReference(remote: remote, ref: ref) }
        try await pin(wanted.commit, for: holder, in: path)
        return Fetched(
            repository: path, name: wanted.name, commit: wanted.commit, tree: tree, wasCached: wasCached)
    }

    private static func refspecs(for wanted: RemoteReferences.Resolved, _ references: RemoteReferences) -> [String] {
        guard let name = wanted.name else { return ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"] }
        if name == "HEAD" { return ["+HEAD:refs/heads/HEAD"] }
        // A reference of one remote never stands in another's way: each has its own copy.
        return ["+\(name):\(name)"]
    }

    /// - Returns: the commit's tree when all that it needs is here.
    private static func look(for commit: ObjectID, in path: String) async throws -> ObjectID? {
        try await DiskWork.run {
            do {
                let repository = try Repository.create(bare: path)
                // A fetch moves references only when everything that they reach is there; without one of them the
                // commit may be what is left of a fetch that was cut.
                guard repository.contains(commit), try repository.isReachable(commit) else { return nil }
                let object = try repository.read(commit, limit: 16 << 20)
                if object.kind == .commit, let commit = CommitObject(parsing: object.bytes) { return commit.tree }
                throw Failure.git("\(commit) is no commit")
            } catch let error as GitError {
                throw Failure.git(error.description)
            }
        }
    }

    private static func pin(_ commit: ObjectID, for holder: String, in path: String) async throws {
        try await DiskWork.run {
            do {
                let repository = try Repository.open(path)
                try repository.setReference(
                    pins + holder, to: commit, from: try repository.reference(pins + holder))
                // The time of its last use.
                utimensat(AT_FDCWD, "\(path)/HEAD", nil, 0)
            } catch {
                throw Failure.git("\(error)")
            }
        }
    }

    // MARK: Room

    private struct Mirror: Sendable {
        var path: String
        var used: Int
        var bytes: Int
    }

    private func trim() async {
        let directory = directory
        let mirrors = await DiskWork.run { Self.unpinned(directory) }
        var kept = 0
        for mirror in mirrors.sorted(by: { $0.used > $1.used }) {
            kept += mirror.bytes
            guard kept > budget, busy[mirror.path] == nil else { continue }
            kept -= mirror.bytes
            // Away under its name at once: a fetch that comes meanwhile begins a new copy.
            let grave = "\(mirror.path).\(UInt32.random(in: .min ... .max)).gone"
            guard rename(mirror.path, grave) == 0 else { continue }
            await DiskWork.run { FolderRemoval.remove(grave) }
        }
    }

    /// Copies that nobody pins. What a former service did not finish to remove goes now.
    private static func unpinned(_ directory: String) -> [Mirror] {
        var mirrors: [Mirror] = []
        for name in FolderRemoval.names(directory) {
            let path = "\(directory)/\(name)"
            guard name.hasSuffix(".git") else {
                FolderRemoval.remove(path)
                continue
            }
            guard let repository = try? Repository.open(path),
                (try? repository.references(beneath: pins))?.isEmpty == true
            else { continue }
            var status = stat()
            stat("\(path)/HEAD", &status)
            mirrors.append(Mirror(path: path, used: FileStamp(status).modified, bytes: bytes(of: path)))
        }
        return mirrors
    }

    /// Packs are nearly all of it; the rest is counted as one block.
    private static func bytes(of path: String) -> Int {
        let packs = "\(path)/objects/pack"
        return FolderRemoval.names(packs).reduce(4096) { sum, name in
            var status = stat()
            return lstat("\(packs)/\(name)", &status) == 0 ? sum + Int(status.st_blocks) * 512 : sum
        }
    }
}
