import Git

/// Brings what a session changed onto another tree.
struct PublishMerge {
    /// The tree with the changes.
    var tree: ObjectID
    /// What the session changed, from the repository's root.
    var paths: [String]
    /// Paths that both sides changed in ways that do not fit.
    var conflicts: [String]

    private static let maximumChanges = 100_000

    /// - Parameters:
    ///   - old: what the session stood on.
    ///   - new: where it is.
    ///   - ours: the tree that its changes are made to. Blobs of files that differ must be there.
    /// - Throws: `GitError`.
    init(from old: ObjectID?, to new: ObjectID, onto ours: ObjectID?, in repository: Repository) throws {
        let editor = TreeEditor(repository)
        let differences = try editor.differences(old, new, limit: Self.maximumChanges)
        var changes: [(path: [UInt8], leaf: TreeEditor.Leaf?)] = []
        conflicts = []
        for difference in differences {
            let theirs = try ours.flatMap { try editor.leaf(at: difference.path, in: $0) }
            if theirs == difference.new { continue }
            if theirs == difference.old {
                // A file that came where the other side has a folder of that name would take all that is in it.
                changes.append((difference.path, difference.new))
            } else if let merged = try Self.merge(difference, theirs, repository) {
                changes.append((difference.path, merged))
            } else {
                conflicts.append(Self.text(difference.path))
            }
        }
        paths = differences.map { Self.text($0.path) }
        if conflicts.isEmpty {
            tree = try editor.tree(changing: ours, changes)
            // What a file in a folder's place took with it, or the other way round.
            let touched = Set(changes.map(\.path))
            let lost = try editor.differences(ours, tree, limit: Self.maximumChanges).filter {
                !touched.contains($0.path)
            }
            conflicts = lost.map { Self.text($0.path) }
        } else {
            tree = new
        }
    }

    /// - Returns: nil when the sides do not fit.
    private static func merge(
        _ difference: TreeDifference, _ theirs: TreeEditor.Leaf?, _ repository: Repository
    ) throws -> TreeEditor.Leaf? {
        guard let old = difference.old, let new = difference.new, let theirs,
            [old, new, theirs].allSatisfy({ $0.mode == .regular || $0.mode == .executable })
        else { return nil }
        let mode = theirs.mode == old.mode ? new.mode : theirs.mode
        if new.id == old.id || theirs.id == new.id { return TreeEditor.Leaf(mode: mode, id: theirs.id) }
        if theirs.id == old.id { return TreeEditor.Leaf(mode: mode, id: new.id) }
        func bytes(_ id: ObjectID) throws -> [UInt8] { try repository.read(id, limit: FileMerge.maximumBytes).bytes }
        guard try [old, new, theirs].allSatisfy({ try repository.header($0.id).bytes <= FileMerge.maximumBytes }) else {
            return nil
        }
        let merged = try FileMerge.merge(
            base: bytes(old.id), ours: bytes(theirs.id), theirs: bytes(new.id),
            labels: .init(ours: "theirs", theirs: "session"))
        guard let merged, merged.isClean else { return nil }
        return TreeEditor.Leaf(mode: mode, id: try repository.write(.blob, merged.contents))
    }

    private static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}
