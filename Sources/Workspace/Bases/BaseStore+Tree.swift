import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension BaseStore {
    /// A frozen copy of a tree of a repository, held by `holder` until ``release(_:)``. The tree may come from anybody.
    /// - Parameters:
    ///   - repository: path of the repository, with all objects of the tree.
    ///   - label: what the tree is a state of (a project, a remote): later copies share equal files with earlier ones.
    /// - Throws: `WorkspaceError`.
    public func take(
        tree: ObjectID, in repository: String, label: String, limits: WorkspaceSnapshot.Limits = .init(),
        holder: String
    ) async throws -> (snapshot: WorkspaceSnapshot, origin: Origin) {
        // No folder's path begins like this.
        let key = "tree of \(label)"
        let found = try await made(for: key, isReusable: true, holder: holder) {
            place, earlier throws(WorkspaceError) in
            try Self.make(place, of: tree, in: repository, key, limits, earlier: earlier)
        }
        return (found.made.index.snapshot(base: "\(directory)/\(found.id)/tree"), found.made.origin)
    }

    private static func make(
        _ place: String, of tree: ObjectID, in repository: String, _ key: String, _ limits: WorkspaceSnapshot.Limits,
        earlier: String?
    ) throws(WorkspaceError) -> Made {
        var previous: (index: BaseIndex, tree: String)?
        if let earlier, let bytes = FileBytes.read("\(earlier)/index", limit: maximumIndexBytes),
            let index = BaseIndex(bytes)
        {
            if index.source == tree.description { return Made(index: index, origin: .reused) }
            previous = (index, "\(earlier)/tree")
        }
        for path in [place, "\(place)/tree"] {
            guard mkdir(path, path == place ? 0o700 : 0o755) == 0 else {
                throw .fileFailed(path: path, reason: String(cString: strerror(errno)))
            }
        }
        var index = try TreeCheckout.take(
            tree, in: repository, into: "\(place)/tree", key: key, limits: limits, previous: previous)
        index.source = tree.description
        guard write(index, "\(place)/index") else {
            throw .fileFailed(path: "\(place)/index", reason: String(cString: strerror(errno)))
        }
        return Made(index: index, origin: previous == nil ? .copied : .refreshed)
    }
}
