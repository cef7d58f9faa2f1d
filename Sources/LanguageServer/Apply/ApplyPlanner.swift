import AgentProtocol

/// Decides file by file how changes get into the workspace. What the user changed since is never overwritten.
struct ApplyPlanner {
    let folder: String
    let documents: DocumentStore
    let files: any FileAccess
    let features: ClientFeatures
    let writesToDisk: Bool

    /// What came of files that both sides changed.
    var merged: [String: Merged] = [:]

    struct Merged: Sendable {
        /// What the user had when it was merged.
        var current: [UInt8]
        var contents: [UInt8]
        var hasMarkers: Bool
    }

    var mapper: PositionMapper { PositionMapper(encoding: features.encoding) }

    func plan(_ changes: [FileChange]) -> ApplyPlan {
        var plan = ApplyPlan()
        let moves = Moves(changes)
        for change in changes {
            do throws(Conflict) {
                try add(change, moves, to: &plan)
            } catch {
                let path = change.path.text
                plan.images[path] = nil
                plan.memory[path] = nil
                if let sides = error.sides {
                    plan.merges.append(sides)
                } else {
                    plan.conflicts.append(ApplyConflict(path: path, reason: error.reason))
                }
            }
        }
        // What goes makes room for what comes.
        let (first, second) = (plan.disk.filter { $0.action == .remove }, plan.disk.filter { $0.action != .remove })
        plan.disk = first + second
        return plan
    }

    /// Why one file is not applied.
    struct Conflict: Error {
        var reason: String
        /// Set when merging may help.
        var sides: MergeSides?
    }

    /// A file on its way into the plan.
    struct Target {
        var change: FileChange
        var document: OpenDocument?
        var onDisk: FileImage
        /// It stands where a folder of the result goes, or the other way round: the order matters, so it goes by disk.
        var isMove: Bool

        var path: WorkspacePath { change.path }
        /// Set when the change is of the executable bits too.
        var executable: Bool? {
            let (old, new) = (change.base, change.target)
            guard new.bytes != nil, old.isExecutable != new.isExecutable else { return nil }
            return new.isExecutable
        }
    }

    private func add(_ change: FileChange, _ moves: Moves, to plan: inout ApplyPlan) throws(Conflict) {
        let path = change.path
        let isMove = moves.contains(path.text)
        let onDisk = try look(path, moves)
        let document = documents[path: FileURI.normalized("\(folder)/\(path.text)")]
        var target = Target(change: change, document: document, onDisk: onDisk, isMove: isMove)
        if let document, isBufferAuthority(document, target) {
            try addBuffer(target, document, to: &plan)
            return
        }
        target.change = change.from(onDisk)
        try mergeIfNeeded(&target, current: onDisk)
        try addFile(target, to: &plan)
        if document != nil, plan.disk.last?.path == path { plan.shown.insert(path.text) }
    }

    /// Whether the buffer, not the file, is what the user sees and works on.
    private func isBufferAuthority(_ document: OpenDocument, _ target: Target) -> Bool {
        if case .link = target.onDisk { return false }
        let isSameAsDisk = target.onDisk.bytes.map { LineEndings.areEqual($0, document.buffer.bytes) } ?? false
        if !isSameAsDisk && document.isDirty { return true }
        return !writesToDisk && features.appliesEdits && !target.isMove
    }

    /// Makes `target` the way from what the user has to what comes of both sides.
    func mergeIfNeeded(_ target: inout Target, current: FileImage) throws(Conflict) {
        let change = target.change
        if let merged = merged[target.path.text] {
            guard current.bytes == merged.current else {
                throw Conflict(reason: "the file changed meanwhile; apply again")
            }
            let executable = target.executable ?? current.isExecutable
            target.change.target = .file(merged.contents, executable: executable)
            return
        }
        guard !isDone(change, current), !change.base.looksLike(current) else { return }
        throw conflict(change, current: current, isShown: target.document != nil)
    }

    /// Whether the user has what the change leads to.
    private func isDone(_ change: FileChange, _ current: FileImage) -> Bool { change.target.looksLike(current) }

    private func conflict(_ change: FileChange, current: FileImage, isShown: Bool) -> Conflict {
        switch (change.base, current, change.target) {
        case (_, .folder, _): return Conflict(reason: "a folder is in its place; move it away and apply again")
        case (_, .absent, _): return Conflict(reason: "the file was removed meanwhile")
        case (.file, .file, .absent): return Conflict(reason: "you changed the file, which is to be deleted")
        case (_, .link, _), (_, _, .link), (.link, _, _):
            return Conflict(
                reason:
                    "\(current.words) that you changed is in the place of \(change.target.words); it was left as it is")
        case (.absent, .file(let current, _), .file(let new, _)):
            return merge(change.path, ([], current, new), isShown: isShown)
        case (.file(let old, _), .file(let current, _), .file(let new, _)):
            return merge(change.path, (old, current, new), isShown: isShown)
        default: return Conflict(reason: "something else is in its place; move it away and apply again")
        }
    }

    private func merge(
        _ path: WorkspacePath, _ texts: (old: [UInt8], current: [UInt8], new: [UInt8]), isShown: Bool
    ) -> Conflict {
        let (old, current, new) = texts
        // As the editor shows it: it keeps line endings and byte order mark to itself.
        let isPlain = isShown && LineEndings.plain(current) == current
        let (base, theirs) = isPlain ? (LineEndings.plain(old), LineEndings.plain(new)) : (old, new)
        return Conflict(
            reason: "you changed the file since; it was left as it is",
            sides: MergeSides(
                path: path.text, base: Base64.encode(base), ours: Base64.encode(current),
                theirs: Base64.encode(theirs)))
    }

    /// What is on disk, as far as other files of the same plan leave it there.
    private func look(_ path: WorkspacePath, _ moves: Moves) throws(Conflict) -> FileImage {
        if moves.isBeneathRemoved(path.text) { return .absent }
        let image: FileImage
        do throws(FileAccessError) {
            image = try files.look(path, beneath: folder, limit: ResultSelection.mostBytes)
        } catch {
            throw Conflict(reason: error.description)
        }
        // Whether it is empty by then is seen when its turn comes.
        if image == .folder, moves.isAboveRemoved(path.text) { return .absent }
        return image
    }

    /// Paths of a plan that lie beneath each other: a file where a folder was, or the other way round.
    struct Moves {
        private var removed: Set<String> = []
        private var parentsOfRemoved: Set<String> = []
        private var paths: Set<String> = []

        init(_ changes: [FileChange]) {
            var all: Set<String> = []
            for change in changes { all.insert(change.path.text) }
            for change in changes {
                let path = change.path.text
                let parents = Self.parents(change.path)
                for parent in parents where all.contains(parent) { paths.formUnion([parent, path]) }
                guard change.target == .absent else { continue }
                removed.insert(path)
                parentsOfRemoved.formUnion(parents)
            }
        }

        func contains(_ path: String) -> Bool { paths.contains(path) }
        func isAboveRemoved(_ path: String) -> Bool { paths.contains(path) && parentsOfRemoved.contains(path) }

        func isBeneathRemoved(_ path: String) -> Bool {
            guard paths.contains(path), let path = try? WorkspacePath(path) else { return false }
            return Self.parents(path).contains { removed.contains($0) }
        }

        private static func parents(_ path: WorkspacePath) -> [String] {
            path.components.indices.dropFirst().map { path.components[..<$0].joined(separator: "/") }
        }
    }
}
