import Git
import GitWorkerProtocol
import JSONRPC
import Workspace

/// Finds out what a repository lacks of a session's commits. Only what differs from a commit's parent is looked at, as the
/// parent is complete: it is the user's own, or was looked at before.
struct CommitCompleteness {
    let repository: Repository
    /// Where files of the session's base may still be as they were; nil: not looked for.
    let folder: String?
    let prefix: [UInt8]
    let limit: Int

    private(set) var missing: [ObjectID] = []
    private var seen: Set<ObjectID> = []

    /// As deep as changes in a sandbox are followed.
    private static let maximumDepth = 256
    /// Larger files are fetched rather than read on the chance that they did not change.
    private static let maximumOwnFile = 256 << 20

    init(repository: Repository, folder: String?, prefix: String, limit: Int = GitWanted.maximumMissing) {
        self.repository = repository
        self.folder = folder
        self.prefix = prefix.isEmpty ? [] : Array("\(prefix)/".utf8)
        self.limit = limit
    }

    /// - Parameter commits: each after the one that it follows.
    /// - Throws: `GitError` when an object cannot be read.
    mutating func look(at commits: [ObjectID]) throws {
        for id in commits {
            guard missing.count < limit else { return }
            guard repository.contains(id) else {
                note(id)
                continue
            }
            let commit = try repository.commit(id)
            var old: ObjectID?
            if let parent = commit.parents.first, repository.contains(parent) {
                old = try repository.commit(parent).tree
            }
            try compare(old, commit.tree)
        }
    }

    private mutating func note(_ id: ObjectID) {
        if seen.insert(id).inserted { missing.append(id) }
    }

    private mutating func compare(_ old: ObjectID?, _ new: ObjectID) throws {
        var waiting: [(old: ObjectID?, new: ObjectID, path: [UInt8], depth: Int)] = [(old, new, [], 0)]
        while let (old, new, path, depth) = waiting.popLast() {
            guard missing.count < limit else { return }
            guard old != new else { continue }
            guard depth < Self.maximumDepth else {
                throw ResponseError(code: .requestFailed, message: "a tree of the session is nested too deeply")
            }
            guard repository.contains(new) else {
                note(new)
                continue
            }
            var before: [[UInt8]: TreeObject.Entry] = [:]
            if let old, repository.contains(old) {
                for entry in try repository.tree(old).entries { before[entry.name] = entry }
            }
            for entry in try repository.tree(new).entries {
                let known = before[entry.name]
                guard known?.id != entry.id || known?.mode != entry.mode else { continue }
                let name = path + entry.name
                switch entry.mode {
                case .submodule: continue
                case .folder:
                    waiting.append(
                        (known?.mode == .folder ? known?.id : nil, entry.id, name + [UInt8(ascii: "/")], depth + 1))
                case .regular, .executable, .symbolicLink:
                    guard missing.count < limit, !repository.contains(entry.id), !seen.contains(entry.id) else {
                        continue
                    }
                    if try !takeOwn(name, entry) { note(entry.id) }
                }
            }
        }
    }

    /// The user's own file, where it is still what the session began with.
    private func takeOwn(_ path: [UInt8], _ entry: TreeObject.Entry) throws -> Bool {
        guard let folder, path.starts(with: prefix),
            let name = String(validating: path.dropFirst(prefix.count), as: UTF8.self),
            !RelativePath.isGitInternal(name)
        else { return false }
        let file = "\(folder)/\(name)"
        let bytes =
            entry.mode == .symbolicLink
            ? FileBytes.readLink(file) : FileBytes.read(file, limit: Self.maximumOwnFile)
        guard let bytes, try ObjectID.blob(bytes) == entry.id else { return false }
        try repository.write(.blob, bytes)
        return true
    }
}
