import Git
import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes a tree of a user's folder as it is, in the repository that the folder is in: objects are added, and nothing else is
/// touched. No filter and no hook is run. What git's index knows to be unchanged is not read.
public struct TreeTaker {
    public struct Taken: Sendable {
        /// The repository with the objects.
        public var repository: String
        /// The files' own bytes, unsaved buffers included: what a sandbox sees.
        public var tree: ObjectID
        public var origin: WorkspaceOrigin
        /// The blob that holds `origin`.
        public var originBlob: ObjectID
        /// What a service needs: all objects beneath these, but for the parents of commits.
        public var roots: [ObjectID]
        public var files: Int
        public var bytes: Int
    }

    /// Where and what.
    public struct Request: Sendable {
        /// Absolute, links resolved.
        public var folder: String
        /// Unsaved buffers by relative path.
        public var overlays: [String: [UInt8]]
        public var rules: WorkspaceRules
        public var limits = WorkspaceSnapshot.Limits()
        public var settings: UserGitSettings
        /// A bare repository for a folder that is in none; made when it is needed, with the folders above it.
        public var privateRepository: String

        public init(
            folder: String, overlays: [String: [UInt8]] = [:], rules: WorkspaceRules = .init(),
            settings: UserGitSettings = .init(), privateRepository: String
        ) {
            self.folder = folder
            self.overlays = overlays
            self.rules = rules
            self.settings = settings
            self.privateRepository = privateRepository
        }
    }

    /// Files beyond this are not read as a whole.
    private static let wholeBytes = 8 << 20

    private let request: Request
    private let repository: Repository
    private let index: [String: IndexEntry]
    private let indexTime: Int?
    private let mayConvert: Bool
    private var entries: [String: TreeHash.Entry] = [:]
    private var leftOut = LeftOut()

    /// - Throws: `WorkspaceError`.
    public static func take(_ request: Request) throws(WorkspaceError) -> Taken {
        do {
            let ignore = IgnoreRules(folder: request.folder, excludes: request.settings.excludesFile)
            let survey = try FolderSurvey(
                folder: request.folder, rules: request.rules, limits: request.limits, ignore: ignore)
            // A folder that git ignores stands for itself, as one that is in no repository.
            let own = ignore == nil ? nil : try Repository.containing(request.folder)
            let repository = try own ?? Repository.create(bare: request.privateRepository)
            var taker = try TreeTaker(request, repository, isOwn: own != nil, survey)
            return try taker.run(survey, isOwn: own != nil)
        } catch let error as WorkspaceError {
            throw error
        } catch {
            throw .git("\(error)")
        }
    }

    private init(_ request: Request, _ repository: Repository, isOwn: Bool, _ survey: FolderSurvey) throws {
        self.request = request
        self.repository = repository
        var index: [String: IndexEntry] = [:]
        if isOwn, let tree = repository.workingTree {
            let prefix = Array("\(request.folder)/".utf8.dropFirst(tree.utf8.count))
            for entry in try repository.indexEntries() where entry.stage == 0 && entry.path.starts(with: prefix) {
                if let path = String(validating: entry.path.dropFirst(prefix.count), as: UTF8.self) {
                    index[path] = entry
                }
            }
        }
        self.index = index
        indexTime = isOwn ? FileStamp(path: repository.indexPath)?.modified : nil
        let converts = repository.configured("core.autocrlf") ?? request.settings.values["core.autocrlf"]
        mayConvert =
            (converts ?? "false") != "false" || request.settings.attributesFile != nil
            || access(repository.commonDirectory + "info/attributes", F_OK) == 0
            || survey.items.contains { $0.path.hasSuffix(".gitattributes") }
            || request.folder + "/" != repository.workingTree
    }

    private mutating func run(_ survey: FolderSurvey, isOwn: Bool) throws -> Taken {
        leftOut = survey.leftOut
        for item in survey.items where item.kind != .folder {
            if request.overlays[item.path] == nil { try add(item) }
        }
        var bytes = survey.bytes
        for (path, contents) in request.overlays.sorted(by: { $0.key < $1.key }) {
            bytes += contents.count
            try overlay(path, contents, survey)
        }
        guard entries.count <= request.limits.files else {
            throw WorkspaceError.tooManyFiles(limit: request.limits.files)
        }
        guard bytes <= request.limits.bytes else { throw WorkspaceError.tooLarge(limit: request.limits.bytes) }
        let editor = TreeEditor(repository)
        let tree = try editor.tree(
            changing: nil, entries.map { (Array($0.key.utf8), TreeEditor.Leaf($0.value)) })
        var origin = WorkspaceOrigin(author: request.settings.author)
        if isOwn {
            origin = try OriginReader.read(
                .init(
                    folder: request.folder, entries: entries, nested: survey.nested, contents: request.folder,
                    edited: request.overlays),
                settings: request.settings, undecodable: survey.undecodable,
                sink: { [repository] kind, bytes throws(GitError) in try repository.write(kind, bytes) })
        }
        origin.leftOut = leftOut.texts
        var roots = [tree]
        if !origin.adjustments.isEmpty {
            let above =
                origin.adjustments.prefix.bytes.isEmpty ? nil : try origin.head.map { try repository.commit($0).tree }
            roots.append(try editor.tree(changing: above, origin.adjustments.leaves(of: entries)))
        }
        if let head = origin.head { roots.append(head) }
        var sent = origin
        // Where it is on this machine is nobody else's business.
        sent.repository = nil
        let blob = try repository.write(.blob, try JSONCoder.encode(sent).serialized())
        roots.append(blob)
        return Taken(
            repository: isOwn ? repository.commonDirectory : request.privateRepository, tree: tree, origin: origin,
            originBlob: blob, roots: roots, files: entries.count, bytes: bytes)
    }

    private mutating func add(_ item: FolderSurvey.Item) throws {
        let path = "\(request.folder)/\(item.path)"
        if item.kind == .link {
            guard let target = FileBytes.readLink(path) else { return }
            guard String(validating: target, as: UTF8.self) != nil else {
                return leftOut.note(item.path, "links to a name that is not UTF-8")
            }
            entries[item.path] = TreeHash.Entry(mode: .symbolicLink, blob: try repository.write(.blob, target))
            return
        }
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            // What is gone meanwhile was not there.
            if errno != ENOENT { leftOut.note(item.path, "cannot be read") }
            return
        }
        defer { close(file) }
        if let reason = SecretFiles.reason(item, file, request.rules) { return leftOut.secret(item.path, reason) }
        let mode: FileMode = item.stamp.mode & 0o100 != 0 ? .executable : .regular
        let known = known(item)
        entries[item.path] = TreeHash.Entry(mode: mode, blob: try known ?? write(file, item.path))
    }

    /// The blob that the index has of the file, where it is the file's own bytes.
    private func known(_ item: FolderSurvey.Item) -> ObjectID? {
        guard let entry = index[item.path], item.stamp.isRecorded(by: entry, indexTime), repository.contains(entry.id)
        else { return nil }
        if mayConvert {
            let name = String(decoding: entry.path, as: UTF8.self)
            if repository.attribute("filter", of: name) != nil || repository.mayConvert(name) { return nil }
        }
        return entry.id
    }

    private func write(_ file: Int32, _ path: String) throws -> ObjectID {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw WorkspaceError.fileFailed(path: path, reason: "it became something else while it was read")
        }
        if status.st_size <= Self.wholeBytes, let bytes = FileBytes.read(file, limit: 2 * Self.wholeBytes) {
            return try repository.write(.blob, bytes)
        }
        lseek(file, 0, SEEK_SET)
        return try repository.writeBlob(from: file, size: Int(status.st_size))
    }

    private mutating func overlay(_ path: String, _ contents: [UInt8], _ survey: FolderSurvey) throws {
        let relative = try RelativePath.normalise(path, root: request.folder)
        guard !relative.isEmpty else { throw WorkspaceError.badPath(path) }
        let item = survey.items.first { $0.path == relative && $0.kind != .folder }
        guard item?.kind != .link else { throw WorkspaceError.badPath(path) }
        let isSecret =
            !request.rules.allowsSecret(relative)
            && (SecretFiles.reason(path: relative) ?? SecretFiles.reason(contents: contents, path: relative)) != nil
        let isIgnored = item == nil && !request.rules.includes(relative) && survey.wouldIgnore(relative)
        // An open commit message or `.env` file stays with the user, like its file on disk.
        if RelativePath.isGitInternal(relative) || isSecret || request.rules.excludes(relative) || isIgnored {
            return leftOut.note(relative, "is an unsaved buffer of a file that is not taken")
        }
        let mode: FileMode = (item?.stamp.mode ?? 0) & 0o100 != 0 ? .executable : .regular
        entries[relative] = TreeHash.Entry(mode: mode, blob: try repository.write(.blob, contents))
    }
}
