/// Makes trees of a repository from paths.
public struct TreeEditor {
    /// What stands at a path: any mode but a folder.
    public struct Leaf: Sendable, Hashable {
        public var mode: TreeObject.Mode
        public var id: ObjectID

        public init(mode: TreeObject.Mode, id: ObjectID) {
            self.mode = mode
            self.id = id
        }

        public init(_ entry: TreeHash.Entry) {
            self.init(mode: TreeObject.Mode(entry.mode), id: entry.blob)
        }
    }

    /// As deep as changes in a sandbox are followed.
    static let maximumDepth = 256

    private final class Folder {
        var leaves: [[UInt8]: Leaf?] = [:]
        var folders: [[UInt8]: Folder] = [:]
    }

    private let repository: Repository

    public init(_ repository: Repository) { self.repository = repository }

    func entries(of tree: ObjectID) throws(GitError) -> [TreeObject.Entry] { try repository.tree(tree).entries }

    /// Writes the tree that comes of `base` (nil: the empty one) with changes. Only folders with a change are read and
    /// written; a folder without names goes away. Blobs need not be there.
    /// - Parameter changes: by path, its parts separated by `/`; nil: gone. A leaf that stands where a folder was, or
    ///   the other way round, takes its place.
    /// - Returns: the name of the root tree.
    /// - Throws: `GitError` when a path is refused or a tree of `base` cannot be read.
    public func tree(
        changing base: ObjectID?, _ changes: [(path: [UInt8], leaf: Leaf?)]
    ) throws(GitError) -> ObjectID {
        let root = Folder()
        for (path, leaf) in changes {
            let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
            guard let name = parts.last, parts.count <= Self.maximumDepth, parts.allSatisfy(TreeObject.isSafe),
                leaf?.mode != .folder
            else {
                throw GitError(
                    operation: "write tree", code: -1,
                    message: "the path \(String(decoding: path, as: UTF8.self)) is refused")
            }
            var folder = root
            for part in parts.dropLast() {
                let next = folder.folders[part] ?? Folder()
                folder.folders[part] = next
                folder = next
            }
            folder.leaves[name] = .some(leaf)
        }
        if let id = try write(root, base) { return id }
        return try repository.write(TreeObject(entries: []))
    }

    /// - Returns: nil when nothing is left in it.
    private func write(_ folder: Folder, _ base: ObjectID?) throws(GitError) -> ObjectID? {
        var entries: [[UInt8]: TreeObject.Entry] = [:]
        if let base {
            for entry in try repository.tree(base).entries { entries[entry.name] = entry }
        }
        for (name, leaf) in folder.leaves {
            entries[name] = leaf.map { TreeObject.Entry(mode: $0.mode, name: name, id: $0.id) }
        }
        for (name, child) in folder.folders {
            let old = entries[name].flatMap { $0.mode == .folder ? $0.id : nil }
            if let id = try write(child, old) {
                entries[name] = TreeObject.Entry(mode: .folder, name: name, id: id)
            } else if old != nil {
                entries[name] = nil
            }
        }
        guard !entries.isEmpty else { return nil }
        return try repository.write(TreeObject(entries: Array(entries.values)))
    }

    /// What stands at a path of a tree; nil when nothing does, or a folder.
    /// - Throws: `GitError` when a tree cannot be read.
    public func leaf(at path: [UInt8], in root: ObjectID) throws(GitError) -> Leaf? {
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        var tree = root
        for (index, part) in parts.enumerated() {
            guard let entry = try repository.tree(tree).entries.first(where: { $0.name.elementsEqual(part) }) else {
                return nil
            }
            if index == parts.count - 1 { return entry.mode == .folder ? nil : Leaf(mode: entry.mode, id: entry.id) }
            guard entry.mode == .folder else { return nil }
            tree = entry.id
        }
        return nil
    }

    /// Calls `body` for every path of a tree that is no folder, in git's order.
    /// - Throws: `GitError` when a tree cannot be read or is nested too deeply; what `body` throws.
    public func walk(_ root: ObjectID, _ body: ([UInt8], Leaf) throws -> Void) throws {
        try walk(root, [], depth: 0, body)
    }

    private func walk(
        _ id: ObjectID, _ prefix: [UInt8], depth: Int, _ body: ([UInt8], Leaf) throws -> Void
    ) throws {
        guard depth < Self.maximumDepth else {
            throw GitError(operation: "read tree", code: -1, message: "it is nested too deeply")
        }
        for entry in try repository.tree(id).entries {
            if entry.mode == .folder {
                try walk(entry.id, prefix + entry.name + [UInt8(ascii: "/")], depth: depth + 1, body)
            } else {
                try body(prefix + entry.name, Leaf(mode: entry.mode, id: entry.id))
            }
        }
    }
}
