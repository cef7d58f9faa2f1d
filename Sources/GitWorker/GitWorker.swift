import Git
import GitWorkerProtocol
import JSONRPC
import ProjectConfiguration
import Sandbox
import Workspace

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Works on a user's repository for a client: adds objects and references of our own, and touches nothing else. JSON-RPC on
/// standard input and output; ends with its input.
public struct GitWorker: Sendable {
    private let environment: [String: String]
    private let stateDirectory: String

    /// - Parameter environment: the user's.
    public init(environment: [String: String]) {
        self.environment = environment
        let state = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        stateDirectory = "\(state ?? "\(environment["HOME"] ?? "/tmp")/.local/state")/cofferdam"
    }

    public func run(_ transport: any MessageTransport) async {
        await Connection(transport: transport, router: router()).run()
    }

    private func router() -> Router {
        var router = Router()
        router.on(GitSnapshot.self, .concurrent) { params, _ in try await working { try snapshot(params) } }
        router.on(GitChildren.self, .concurrent) { params, _ in try await working { try children(params) } }
        router.on(GitPack.self, .concurrent) { params, _ in try await working { try pack(params) } }
        router.on(GitReceive.self, .concurrent) { params, _ in try await working { try receive(params) } }
        router.on(GitWanted.self, .concurrent) { params, _ in try await working { try wanted(params) } }
        router.on(GitMissing.self, .concurrent) { params, _ in try await working { try missing(params) } }
        return router
    }

    private func working<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        do {
            return try await Background.run { try body() }
        } catch let error as ResponseError {
            throw error
        } catch {
            throw ResponseError(code: .requestFailed, message: "\(error)")
        }
    }

    // MARK: Methods

    private func snapshot(_ params: GitSnapshot.Params) throws -> GitSnapshot.Result {
        let folder = try real(params.folder)
        let overlays = Dictionary(params.documents.map { ($0.path, Array($0.text.utf8)) }) { _, last in last }
        var request = TreeTaker.Request(
            folder: folder, overlays: overlays, rules: try rules(folder, overlays),
            settings: UserGitSettings(environment: environment), privateRepository: privateRepository(folder))
        if let status = FileOwner.of(folder), status != geteuid(), geteuid() != 0 {
            // Someone else's repository: what the user's configuration says of files is not about it.
            request.settings.values = [:]
        }
        if !Self.isInRepository(folder) { try makeStateDirectory("repositories") }
        let taken = try TreeTaker.take(request)
        return GitSnapshot.Result(
            repository: taken.repository, tree: taken.tree.description, origin: taken.originBlob.description,
            roots: taken.roots.map(\.description), head: taken.origin.head?.description, files: taken.files,
            bytes: taken.bytes)
    }

    private func children(_ params: GitChildren.Params) throws -> GitChildren.Result {
        let repository = try Repository.open(params.repository)
        var trees: Set<ObjectID> = []
        var blobs: Set<ObjectID> = []
        for id in try ids(params.objects) {
            for child in try repository.children(of: id) {
                if child.isBlob { blobs.insert(child.id) } else { trees.insert(child.id) }
            }
        }
        return GitChildren.Result(trees: trees.map(\.description), blobs: blobs.map(\.description))
    }

    private func pack(_ params: GitPack.Params) throws -> GitPack.Result {
        let repository = try Repository.open(params.repository)
        let missing = try params.missing.map { Set(try ids($0)) }
        let objects = try ObjectSelection.objects(
            beneath: try ids(params.roots), missing: missing, in: repository)
        guard !objects.isEmpty else { throw ResponseError(code: .invalidParams, message: "there is nothing to send") }
        let folder = try makeStateDirectory("packs")
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        let path = "\(folder)/\(name).pack"
        let base = try params.base.flatMap { try ids([$0]).first }
        let bytes = try PackMaker(repository: repository).write(objects, base: base, to: path)
        guard let checksum = PackMaker.checksum(path) else {
            unlink(path)
            throw ResponseError(code: .requestFailed, message: "\(path) cannot be read")
        }
        return GitPack.Result(path: path, pack: checksum.description, bytes: bytes, objects: objects.count)
    }

    private func receive(_ params: GitReceive.Params) throws -> GitReceive.Result {
        let (repository, path) = try repository(try real(params.folder))
        for name in params.references.keys {
            guard name.hasPrefix("refs/cofferdam/") || name.hasPrefix("refs/cofferdam-steps/") else {
                throw ResponseError(code: .invalidParams, message: "`\(name)` is no reference of ours")
            }
        }
        if let pack = params.pack { try PackMaker.receive(pack, into: repository) }
        for (name, hex) in params.references.sorted(by: { $0.key < $1.key }) {
            guard let id = try ids([hex]).first else { continue }
            try OwnReferences(repository).move(name, to: id)
        }
        return GitReceive.Result(repository: path)
    }

    private func missing(_ params: GitMissing.Params) throws -> GitMissing.Result {
        let (repository, _) = try repository(try real(params.folder))
        return GitMissing.Result(
            missing: try ids(params.objects).filter { !repository.contains($0) }.map(\.description))
    }

    // MARK: Places

    private static func isInRepository(_ folder: String) -> Bool { IgnoreRules(folder: folder) != nil }

    /// The repository that the folder is in, or its private one.
    func repository(_ folder: String) throws -> (Repository, path: String) {
        if Self.isInRepository(folder), let own = try Repository.containing(folder) {
            return (own, own.commonDirectory)
        }
        try makeStateDirectory("repositories")
        let path = privateRepository(folder)
        return (try Repository.create(bare: path), path)
    }

    private func privateRepository(_ folder: String) -> String {
        let name = (try? ObjectID.blob(Array(folder.utf8)))?.description ?? "unknown"
        return "\(stateDirectory)/repositories/\(name).git"
    }

    @discardableResult
    private func makeStateDirectory(_ name: String) throws -> String {
        var path = ""
        for part in RelativePath.parts("\(stateDirectory)/\(name)") {
            path += "/\(part)"
            guard mkdir(path, 0o700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES else {
                throw ResponseError(
                    code: .requestFailed, message: "cannot make \(path): \(String(cString: strerror(errno)))")
            }
        }
        return path
    }

    private func rules(_ folder: String, _ overlays: [String: [UInt8]]) throws -> WorkspaceRules {
        let name = ProjectConfigurationLoader.fileName
        guard
            let yaml = overlays[name]
                ?? FileBytes.read("\(folder)/\(name)", limit: ConfigurationLimits.fileBytes)
        else { return WorkspaceRules() }
        let choice = try ProjectConfigurationLoader.load(yaml: yaml, file: name).workspace.expanded
        return WorkspaceRules(.init(include: choice.include, exclude: choice.exclude, secrets: choice.secrets))
    }

    func real(_ folder: String) throws -> String {
        guard folder.hasPrefix("/"), !folder.utf8.contains(0), let resolved = realpath(folder, nil) else {
            throw ResponseError(
                code: .invalidParams, message: "\(folder) cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    func ids(_ texts: [String]) throws -> [ObjectID] {
        try texts.map { text in
            guard let id = ObjectID(hex: text) else {
                throw ResponseError(code: .invalidParams, message: "`\(text.prefix(64))` is no name of an object")
            }
            return id
        }
    }
}
