import AgentProtocol
import Git
import Policy

extension SessionRepository {
    /// What a step changed, or in which files two steps are different; also after the sandbox is gone.
    /// - Throws: `AgentError.invalidParams` when there is no such step, or it is too much at once; `GitError`.
    public func difference(_ params: AgentDiff.Params, limits: AgentLimits) throws -> AgentDiff.Result {
        let history = try requireHistory()
        func record(_ number: Int) throws -> SessionHistory.Step {
            guard let record = history.step(number) else {
                throw AgentError.invalidParams("the session has no step \(number) with a commit")
            }
            return record
        }
        let step = try params.step.map(record)
        let new = step?.point ?? history.tip
        let old = try params.from.map(record)?.point ?? step.map { $0.parent ?? $0.point } ?? history.base
        let repository = try open()
        let trees = try (
            tree(ObjectID(hex: old.tree), history.prefix, repository),
            tree(ObjectID(hex: new.tree), history.prefix, repository)
        )
        let empty = try ObjectID.emptyTree()
        let wanted = params.paths.map(Set.init)
        var (files, bytes): ([FileDifference], Int) = ([], 0)
        for change in try TreeEditor(repository).differences(trees.0, trees.1) {
            guard let path = String(validating: change.path, as: UTF8.self), wanted?.contains(path) ?? true else {
                continue
            }
            let file = try difference(path, change, params.includeContents ?? false, limits, repository)
            bytes += [file.patch, file.oldContents, file.newContents].reduce(0) { $0 + ($1?.utf8.count ?? 0) }
            guard bytes <= limits.resultBytes else {
                throw AgentError.invalidParams(
                    "the result is larger than \(limits.resultBytes >> 20) MiB; ask for some of its paths")
            }
            files.append(file)
        }
        return AgentDiff.Result(
            treeHash: (trees.1 ?? empty).description, baseTreeHash: (trees.0 ?? empty).description, files: files,
            patch: files.map(\.patch).joined())
    }

    /// The workspace's own tree beneath a commit's.
    private func tree(_ root: ObjectID?, _ prefix: String, _ repository: Repository) throws -> ObjectID? {
        var next = root
        for part in prefix.utf8.split(separator: UInt8(ascii: "/")) {
            guard let id = next else { return nil }
            next = try repository.tree(id).entries.first { $0.name.elementsEqual(part) && $0.mode == .folder }?.id
        }
        return next
    }

    private func difference(
        _ path: String, _ change: TreeDifference, _ withContents: Bool, _ limits: AgentLimits, _ repository: Repository
    ) throws -> FileDifference {
        let old = try contents(change.old, limits, repository)
        let new = try contents(change.new, limits, repository)
        let modes = (change.old?.mode.file ?? .regular, change.new?.mode.file ?? .regular)
        // Too large to have been kept: that it is different is all there is to say.
        let isKnown = (old == nil) == (change.old == nil) && (new == nil) == (change.new == nil)
        let patch =
            isKnown
            ? try UnifiedDiff.make(old: old, new: new, path: path, oldMode: modes.0, newMode: modes.1) : nil
        let isLink = modes.0 == .symbolicLink || modes.1 == .symbolicLink
        let kind: FileChangeKind = change.old == nil ? .added : change.new == nil ? .deleted : .modified
        return FileDifference(
            path: path, change: kind, binary: patch?.binary ?? true, oldMode: change.old?.mode.file?.rawValue,
            newMode: change.new?.mode.file?.rawValue, oldHash: change.old?.id.description,
            newHash: change.new?.id.description, patch: patch?.text ?? "",
            hunks: patch.flatMap { [DiffHunk].of($0, isLink: isLink) },
            oldContents: withContents ? old.map(Base64.encode) : nil,
            newContents: withContents ? new.map(Base64.encode) : nil,
            sensitive: PolicyLayer.isSensitive(path: path, isLink: isLink) ? true : nil)
    }

    private func contents(
        _ leaf: TreeEditor.Leaf?, _ limits: AgentLimits, _ repository: Repository
    ) throws -> [UInt8]? {
        guard let leaf, repository.contains(leaf.id) else { return nil }
        return try repository.read(leaf.id, limit: limits.resultFileBytes).bytes
    }
}
