/// A path that two trees have differently: any mode but a folder on both sides.
public struct TreeDifference: Sendable, Equatable {
    /// Parts separated by `/`.
    public var path: [UInt8]
    /// Nil: it is not there.
    public var old: TreeEditor.Leaf?
    public var new: TreeEditor.Leaf?
}

extension TreeEditor {
    /// What differs between two trees, in git's order of names. Folders that are the same are not read.
    /// - Parameters:
    ///   - old: nil: the empty tree.
    ///   - limit: more differences are an error.
    /// - Throws: `GitError` when a tree cannot be read, is nested too deeply or there is too much.
    public func differences(
        _ old: ObjectID?, _ new: ObjectID?, limit: Int = 1_000_000
    ) throws(GitError) -> [TreeDifference] {
        var found: [TreeDifference] = []
        try compare(old, new, [], depth: 0, limit, &found)
        return found
    }

    private func compare(
        _ old: ObjectID?, _ new: ObjectID?, _ prefix: [UInt8], depth: Int, _ limit: Int,
        _ found: inout [TreeDifference]
    ) throws(GitError) {
        guard old != new else { return }
        guard depth < Self.maximumDepth else {
            throw GitError(operation: "compare trees", code: -1, message: "they are nested too deeply")
        }
        var before: [[UInt8]: TreeObject.Entry] = [:]
        if let old { for entry in try entries(of: old) { before[entry.name] = entry } }
        var after: [[UInt8]: TreeObject.Entry] = [:]
        if let new { for entry in try entries(of: new) { after[entry.name] = entry } }
        let names = Set(before.keys).union(after.keys).sorted { $0.lexicographicallyPrecedes($1) }
        for name in names {
            let (left, right) = (before[name], after[name])
            guard left != right else { continue }
            let path = prefix + name
            let leaves = (leaf(left), leaf(right))
            if leaves.0 != leaves.1 {
                found.append(TreeDifference(path: path, old: leaves.0, new: leaves.1))
                guard found.count <= limit else {
                    throw GitError(
                        operation: "compare trees", code: -1, message: "more than \(limit) files are different")
                }
            }
            let folders = (folder(left), folder(right))
            if folders.0 != folders.1 {
                try compare(folders.0, folders.1, path + [UInt8(ascii: "/")], depth: depth + 1, limit, &found)
            }
        }
    }

    private func leaf(_ entry: TreeObject.Entry?) -> Leaf? {
        entry.flatMap { $0.mode == .folder ? nil : Leaf(mode: $0.mode, id: $0.id) }
    }

    private func folder(_ entry: TreeObject.Entry?) -> ObjectID? { entry.flatMap { $0.mode == .folder ? $0.id : nil } }
}
