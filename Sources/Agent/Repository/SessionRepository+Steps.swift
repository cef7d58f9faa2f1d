import Git
import Workspace

extension SessionRepository {
    /// Makes the repository's first commit and the trees of what the session starts from. What is there is used as it is.
    /// - Parameters:
    ///   - user: the author, where the user's repository does not say who that is.
    ///   - time: milliseconds since 1970: the session's start.
    /// - Throws: `GitError`, `AgentError`.
    @discardableResult
    func begin(
        _ sessionId: String, _ snapshot: WorkspaceSnapshot, user: SessionHistory.Person,
        committer: SessionHistory.Person, time: Int
    ) throws -> SessionHistory {
        if let known = history() { return known }
        let repository = try Repository.create(bare: path)
        let origin = origin() ?? SessionOrigin()
        let author =
            origin.workspace.author.map { SessionHistory.Person(name: $0.name, email: $0.email) } ?? user
        let memory = try Repository.inMemory()
        let prefix = origin.workspace.adjustments.prefix.bytes
        var above = prefix.isEmpty ? nil : origin.headTree
        if let tree = above, try !Self.copyFolders(tree, prefix, from: repository, to: memory) { above = nil }
        let root = try TreeEditor(memory).tree(
            changing: above, origin.workspace.adjustments.leaves(of: snapshot.entries))
        let head = origin.workspace.head
        let base: SessionHistory.Point
        if let head, origin.headTree == root {
            base = SessionHistory.Point(commit: head.description, tree: root.description)
        } else {
            let commit = CommitObject(
                tree: root, parents: head.map { [$0] } ?? [], author: Self.signature(author, time),
                committer: Self.signature(committer, time),
                message: """
                    Working tree at the start of the session \(CommitText.line(sessionId, 100))

                    Cofferdam-Session: \(CommitText.line(sessionId, 100))
                    Cofferdam-Tree: \(snapshot.treeHash)

                    """)
            base = SessionHistory.Point(commit: try memory.write(commit).description, tree: root.description)
        }
        try repository.take(memory, scratch: "\(path)/new.pack")
        let place = String(decoding: prefix.last == UInt8(ascii: "/") ? prefix.dropLast() : prefix[...], as: UTF8.self)
        let history = SessionHistory(
            sessionId: sessionId, head: head?.description, prefix: place, author: author, committer: committer,
            base: base, startTree: root.description, tip: base)
        try save(history)
        try setReferences(history, in: repository)
        return history
    }

    /// Copies a tree and those beneath it along a path.
    /// - Returns: false when the source has no such tree.
    private static func copyFolders(
        _ root: ObjectID, _ path: [UInt8], from source: Repository, to target: Repository
    ) throws -> Bool {
        guard source.contains(root) else { return false }
        var next: ObjectID? = root
        for part in path.split(separator: UInt8(ascii: "/")) {
            guard let id = next, source.contains(id) else { break }
            let tree = try source.tree(id)
            try target.write(.tree, source.read(id).bytes)
            next = tree.entries.first { $0.name.elementsEqual(part) && $0.mode == .folder }?.id
        }
        return true
    }

    /// What a step's commit says.
    struct Words: Sendable {
        var step: Int
        /// Milliseconds since 1970.
        var time: Int
        var subject: String
        var message: String
    }

    /// Makes the commit of a step, if it changed files, after the newest one: on the disk when this returns. A step that
    /// was made before, with the same files, gets the same commit.
    /// - Parameters:
    ///   - changes: everything in which the workspace differs from `snapshot`.
    ///   - limit: bytes of a file.
    /// - Throws: `GitError`, `AgentError`; the repository is then as it was.
    func commit(
        _ words: Words, _ changes: [ChangeTracker.Change], _ snapshot: WorkspaceSnapshot, limit: Int
    ) throws -> SessionHistory.Step {
        guard var history = history(), let start = ObjectID(hex: history.startTree) else {
            throw AgentError.configuration("the session's repository \(path) cannot be read")
        }
        let adjustments = origin()?.workspace.adjustments ?? TreeAdjustments()
        let repository = try open()
        // Made before, and not told: it is made again on what it was made on.
        if let again = history.step(words.step), history.tip == again.point, let parent = again.parent {
            history.tip = parent
        }
        let files = try GitFiles(
            adjustments, snapshot, changes, to: repository, scratch: "\(path)/rules-\(words.step)", limit: limit)
        var leaves: [(path: [UInt8], leaf: TreeEditor.Leaf?)] = []
        for change in changes where adjustments.isRecorded(change.path) {
            if change.old != nil { try files.writeOriginal(change.path) }
            leaves.append(
                (adjustments.gitPath(change.path), try change.new.map { try files.write(change, as: $0.mode) }))
        }
        let editor = TreeEditor(repository)
        let root = try editor.tree(changing: start, leaves)
        var step = SessionHistory.Step(
            step: words.step, point: history.tip, parent: nil, files: 0, time: words.time, subject: words.subject)
        if root.description != history.tip.tree, let parent = ObjectID(hex: history.tip.commit) {
            let commit = CommitObject(
                tree: root, parents: [parent], author: Self.signature(history.author, words.time),
                committer: Self.signature(history.committer, words.time), message: words.message)
            step.parent = history.tip
            step.files = try editor.differences(ObjectID(hex: history.tip.tree), root).count
            step.point = SessionHistory.Point(
                commit: try repository.write(commit).description, tree: root.description)
        }
        try repository.flush()
        history.steps.removeAll { $0.step == step.step }
        history.steps.append(step)
        history.tip = step.point
        try save(history)
        try setReferences(history, in: repository)
        return step
    }

    /// The session goes on from a step.
    /// - Parameter line: the step, and those that it came from, the nearest first: the first that has a record counts.
    func goTo(_ line: [Int]) throws {
        guard var history = history() else { return }
        history.tip = line.lazy.compactMap { history.step($0) }.first?.point ?? history.base
        try save(history)
        try setReferences(history, in: try open())
    }

    /// Makes the repository of a session that was forked from another one at a step. One that is there is used as it is.
    /// - Parameter line: the other session's step, and those that it came from; see ``goTo(_:)``.
    /// - Throws: `GitError`, `AgentError`.
    func fork(_ other: SessionRepository, at line: [Int], as sessionId: String) throws {
        guard history() == nil, let theirs = other.history() else { return }
        let point = line.lazy.compactMap { theirs.step($0) }.first?.point ?? theirs.base
        // What was begun and is not whole.
        remove()
        let source = try other.open()
        let repository = try Repository.create(bare: path)
        let memory = try Repository.inMemory()
        try Self.copy(theirs.startTree, from: source, to: memory)
        try Self.copy(theirs.base.tree, from: source, to: memory)
        var next = ObjectID(hex: point.commit)
        while let id = next, source.contains(id), !memory.contains(id) {
            let commit = try source.commit(id)
            try Self.copy(commit.tree.description, from: source, to: memory)
            _ = try memory.write(commit)
            next = commit.parents.first
        }
        try repository.take(memory, scratch: "\(path)/new.pack")
        var history = theirs
        history.sessionId = sessionId
        history.base = point
        history.tip = point
        // Their numbers are the other session's.
        history.steps = []
        if let origin = other.origin() { try save(origin) }
        try save(history)
        try setReferences(history, in: repository)
    }

    /// Copies a tree, with all in it that the source has and the target lacks.
    private static func copy(_ tree: String, from source: Repository, to target: Repository) throws {
        guard let root = ObjectID(hex: tree) else { return }
        var waiting = [(id: root, isFolder: true)]
        while let (id, isFolder) = waiting.popLast() {
            guard !target.contains(id), source.contains(id) else { continue }
            let object = try source.read(id)
            try target.write(object.kind, object.bytes)
            guard isFolder, let tree = TreeObject(parsing: object.bytes) else { continue }
            for entry in tree.entries where entry.mode != .submodule {
                waiting.append((entry.id, entry.mode == .folder))
            }
        }
    }

    private static func signature(_ person: SessionHistory.Person, _ time: Int) -> CommitObject.Signature {
        CommitObject.Signature(name: person.name, email: person.email, time: time / 1000)
    }
}
