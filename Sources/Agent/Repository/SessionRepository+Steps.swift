import Git
import Workspace

extension SessionRepository {
    /// Makes the repository, with the trees of what the session starts from. One that is there is used as it is.
    /// - Parameters:
    ///   - head: where the user's repository stood.
    ///   - time: milliseconds since 1970: the session's start.
    /// - Throws: `GitError`, `AgentError`.
    @discardableResult
    func begin(
        _ sessionId: String, _ snapshot: WorkspaceSnapshot, _ head: WorkspaceHead, author: SessionHistory.Person,
        committer: SessionHistory.Person, time: Int
    ) throws -> SessionHistory {
        if let known = history() { return known }
        // What was begun and is not whole.
        remove()
        let repository = try Repository.create(bare: path)
        let memory = try Repository.inMemory()
        let changes = snapshot.entries.map {
            (path: Array($0.key.utf8), leaf: Optional(TreeEditor.Leaf($0.value)))
        }
        let workspace = try TreeEditor(memory).tree(changing: nil, changes)
        var outer: [TreeObject] = []
        for bytes in head.trees {
            guard let tree = TreeObject(parsing: bytes) else { break }
            outer.append(tree)
        }
        let root = try Self.graft(workspace, at: head.prefix, into: outer, memory)
        let base: SessionHistory.Point
        if let commit = head.commit, head.commitTree == root.description {
            base = SessionHistory.Point(commit: commit, tree: root.description)
        } else {
            let commit = CommitObject(
                tree: root, parents: head.commit.flatMap { ObjectID(hex: $0) }.map { [$0] } ?? [],
                author: Self.signature(author, time), committer: Self.signature(committer, time),
                message: """
                    Working tree at the start of the session \(CommitText.line(sessionId, 100))

                    Cofferdam-Session: \(CommitText.line(sessionId, 100))
                    Cofferdam-Tree: \(snapshot.treeHash)

                    """)
            base = SessionHistory.Point(
                commit: try memory.write(commit).description, tree: root.description)
        }
        try repository.take(memory, scratch: "\(path)/new.pack")
        let history = SessionHistory(
            sessionId: sessionId, head: head.commit, prefix: head.prefix, author: author, committer: committer,
            base: base, workspaceTree: workspace.description, tip: base)
        try save(history)
        try setReferences(history, in: repository)
        return history
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
        guard var history = history(), let base = ObjectID(hex: history.workspaceTree),
            let outer = ObjectID(hex: history.base.tree)
        else { throw AgentError.configuration("the session's repository \(path) cannot be read") }
        let repository = try open()
        // Made before, and not told: it is made again on what it was made on.
        if let again = history.step(words.step), history.tip == again.point, let parent = again.parent {
            history.tip = parent
        }
        var leaves: [(path: [UInt8], leaf: TreeEditor.Leaf?)] = []
        for change in changes {
            if change.old != nil { try add(base: change.path, of: snapshot, to: repository, limit: limit) }
            guard let new = change.new else {
                leaves.append((Array(change.path.utf8), nil))
                continue
            }
            // What is written is what is named, also when something in the sandbox writes meanwhile.
            let blob = try repository.write(.blob, try change.file.contents(maximumBytes: limit))
            leaves.append(
                (Array(change.path.utf8), TreeEditor.Leaf(mode: TreeObject.Mode(new.mode), id: blob)))
        }
        let editor = TreeEditor(repository)
        let workspace = try editor.tree(changing: base, leaves)
        let root = try Self.graft(
            workspace, at: history.prefix, into: try Self.outerTrees(outer, history.prefix, repository), repository)
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
        try Self.copy(theirs.workspaceTree, from: source, to: memory)
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

    /// Adds a file of the base, so that it can be handed out.
    func add(
        base path: String, of snapshot: WorkspaceSnapshot, to repository: Repository, limit: Int
    ) throws {
        guard let entry = snapshot.entries[path], !repository.contains(entry.blob) else { return }
        let file = "\(snapshot.base)/\(path)"
        let bytes = entry.mode == .symbolicLink ? FileBytes.readLink(file) : FileBytes.read(file, limit: limit)
        // Too large for a result: the commit names it, as it names all that did not change.
        guard let bytes else { return }
        try repository.write(.blob, bytes)
    }

    // MARK: Trees

    /// Trees from the root down to the folder above the workspace.
    private static func outerTrees(
        _ root: ObjectID, _ prefix: String, _ repository: Repository
    ) throws -> [TreeObject] {
        var trees: [TreeObject] = []
        var next: ObjectID? = root
        for part in prefix.utf8.split(separator: UInt8(ascii: "/")) {
            guard let id = next else { break }
            let tree = try repository.tree(id)
            trees.append(tree)
            next = tree.entries.first { $0.name.elementsEqual(part) && $0.mode == .folder }?.id
        }
        return trees
    }

    /// Puts the workspace's tree into its place beneath the repository's root.
    private static func graft(
        _ tree: ObjectID, at prefix: String, into outer: [TreeObject], _ repository: Repository
    ) throws -> ObjectID {
        let parts = prefix.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
        var tree = tree
        for (index, name) in parts.enumerated().reversed() {
            var folder = index < outer.count ? outer[index] : TreeObject(entries: [])
            folder.entries.removeAll { $0.name == name }
            folder.entries.append(TreeObject.Entry(mode: .folder, name: name, id: tree))
            tree = try repository.write(folder)
        }
        return tree
    }

    private static func signature(_ person: SessionHistory.Person, _ time: Int) -> CommitObject.Signature {
        CommitObject.Signature(name: person.name, email: person.email, time: time / 1000)
    }
}
