import Git

extension TreeAdjustments {
    /// What a tree of git has that a copy made of it has not: submodules, names that the sandbox does not follow.
    /// - Parameters:
    ///   - repository: path of the repository with the tree.
    ///   - entries: the files of the copy.
    /// - Throws: `GitError` when the tree cannot be read.
    public init(keptOf tree: ObjectID, in repository: String, beside entries: [String: TreeHash.Entry]) throws {
        self.init()
        try TreeEditor(try Repository.open(repository)).walk(tree) { path, leaf in
            if leaf.mode == .submodule { nested.append(String(decoding: path, as: UTF8.self)) }
            // By bytes: Swift takes two Unicode forms of a name for the same.
            if let name = String(validating: path, as: UTF8.self), let index = entries.index(forKey: name),
                entries[index].key.utf8.elementsEqual(path)
            {
                return
            }
            kept.append(Kept(path: BytePath(path), mode: leaf.mode, id: leaf.id))
        }
    }
}
