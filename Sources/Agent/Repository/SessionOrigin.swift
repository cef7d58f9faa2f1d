import Git
import JSON
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a session's commits stand on, as it was when the session began; kept in its repository.
public struct SessionOrigin: Codable, Sendable {
    public var workspace: WorkspaceOrigin
    /// The tree of `workspace.head`.
    public var headTree: ObjectID?

    public init(workspace: WorkspaceOrigin = WorkspaceOrigin(), headTree: ObjectID? = nil) {
        self.workspace = workspace
        self.headTree = headTree
    }
}

extension SessionRepository {
    private var originFile: String { "\(path)/cofferdam-origin.json" }
    /// Of a hundred thousand files that git converts.
    private static let maximumOriginBytes = 256 << 20

    /// What the session's commits stand on; nil: it was not looked at, or the folder is elsewhere.
    public func origin() -> SessionOrigin? {
        guard let bytes = FileBytes.read(originFile, limit: Self.maximumOriginBytes),
            let json = try? JSON(parsing: bytes, limits: JSONLimits(maxBytes: Self.maximumOriginBytes))
        else { return nil }
        return try? JSONCoder.decode(SessionOrigin.self, from: json)
    }

    func save(_ origin: SessionOrigin) throws {
        let bytes = try JSONCoder.encode(origin).serialized()
        let temporary = originFile + ".new"
        guard FileBytes.write(bytes, toFile: temporary, mode: 0o600), rename(temporary, originFile) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw AgentError.configuration("cannot write \(originFile): \(reason)")
        }
    }

    /// Makes the repository anew, with what the user's own repository says of a folder on this machine. Objects of git's
    /// tree that the user's repository lacks are written to the new one.
    /// - Throws: `GitError`, `WorkspaceError`, `AgentError`.
    /// - Parameter edited: unsaved buffers by path.
    func prepare(
        folder: String, _ snapshot: WorkspaceSnapshot, edited: [String: [UInt8]] = [:], environment: [String: String]
    ) throws {
        remove()
        let repository = try Repository.create(bare: path)
        let real = realpath(folder, nil).map { text in
            defer { free(text) }
            return String(cString: text)
        }
        let subject = OriginReader.Subject(
            folder: real ?? folder, entries: snapshot.entries, nested: snapshot.nested, contents: snapshot.base,
            edited: edited)
        var origin = SessionOrigin()
        origin.workspace = try OriginReader.read(subject, settings: UserGitSettings(environment: environment)) {
            kind, bytes throws(GitError) in try repository.write(kind, bytes)
        }
        if let user = try Repository.containing(subject.folder) {
            try take(head: &origin, from: user, to: repository)
        }
        try save(origin)
    }

    /// Makes the repository anew, with what a client says of a folder that it uploaded.
    func prepare(uploaded: WorkspaceOrigin) throws {
        remove()
        let repository = try Repository.create(bare: path)
        var origin = SessionOrigin()
        origin.workspace = uploaded
        if let place = uploaded.repository {
            let user = try Repository.open(place)
            try take(head: &origin, from: user, to: repository)
            // What git's tree has that the sandbox's has not.
            let others = uploaded.adjustments.converted.values.map(\.git) + uploaded.adjustments.kept.map(\.id)
            for id in others where user.contains(id) {
                let object = try user.read(id)
                if object.kind == .blob { try repository.write(.blob, object.bytes) }
            }
        }
        try save(origin)
    }

    private func take(head origin: inout SessionOrigin, from user: Repository, to repository: Repository) throws {
        guard let head = origin.workspace.head else { return }
        let tree = try user.commit(head).tree
        origin.headTree = tree
        // The folders above the workspace: everything in them stays as it is.
        var next: ObjectID? = tree
        for part in origin.workspace.adjustments.prefix.bytes.split(separator: UInt8(ascii: "/")) {
            guard let id = next else { break }
            let object = try user.tree(id)
            try repository.write(.tree, user.read(id).bytes)
            next = object.entries.first { $0.name.elementsEqual(part) && $0.mode == .folder }?.id
        }
    }
}
