import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where the user's own repository stands when a session begins, and who the user is.
public struct WorkspaceHead: Codable, Sendable, Equatable {
    /// The commit of `HEAD`; nil: there is no repository, or no commit.
    public var commit: String?
    /// Where the workspace lies in the repository: empty, or a path.
    public var prefix = ""
    /// Trees of `HEAD` from the root down to the folder above the workspace, as git writes them.
    var trees: [[UInt8]] = []
    /// nil: the repository does not say.
    public var author: SessionHistory.Person?

    public init() {}

    /// Looks at the repository that holds a folder on this machine. Blocks.
    static func read(folder: String) -> WorkspaceHead {
        var head = WorkspaceHead()
        let repository = (try? Repository.containing(folder)).flatMap { $0 }
        let home = getenv("HOME").map { String(cString: $0) } ?? "/"
        let identity = ConfiguredIdentity.read(
            repository: repository, home: home,
            configurationHome: getenv("XDG_CONFIG_HOME").map { String(cString: $0) })
        head.author = identity.map { SessionHistory.Person(name: $0.name, email: $0.email) }
        guard let repository, let root = repository.workingTree, let prefix = prefix(of: folder, in: root),
            let id = try? repository.reference("HEAD"), let commit = try? repository.commit(id)
        else { return head }
        var tree: ObjectID? = commit.tree
        for part in prefix.utf8.split(separator: UInt8(ascii: "/")) {
            guard let present = tree, let object = try? repository.tree(present) else { break }
            head.trees.append(object.serialized)
            tree = object.entries.first { $0.name.elementsEqual(part) && $0.mode == .folder }?.id
        }
        head.commit = id.description
        head.prefix = prefix
        head.commitTree = commit.tree.description
        return head
    }

    /// The tree of `commit`.
    var commitTree: String?

    private static func prefix(of folder: String, in root: String) -> String? {
        func resolved(_ path: String) -> String? {
            guard let real = realpath(path, nil) else { return nil }
            defer { free(real) }
            return String(cString: real)
        }
        guard let folder = resolved(folder), let root = resolved(root) else { return nil }
        if folder == root { return "" }
        let start = root.utf8.last == UInt8(ascii: "/") ? root : root + "/"
        guard folder.utf8.starts(with: start.utf8) else { return nil }
        return String(decoding: folder.utf8.dropFirst(start.utf8.count), as: UTF8.self)
    }
}
