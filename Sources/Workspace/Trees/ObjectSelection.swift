import Git

/// Which objects of a repository are to be sent.
public enum ObjectSelection {
    /// More than a workspace can have.
    private static let maximumObjects = 2_000_000

    /// All objects beneath the roots, but for parents of commits and what submodules name; each once, with the name that a
    /// tree has for it.
    /// - Parameter missing: only these, and nothing beneath others; nil: all.
    /// - Throws: `WorkspaceError.git` when one is not there.
    public static func objects(
        beneath roots: [ObjectID], missing: Set<ObjectID>?, in repository: Repository
    ) throws(WorkspaceError) -> [(id: ObjectID, name: [UInt8])] {
        var seen: Set<ObjectID> = []
        var found: [(id: ObjectID, name: [UInt8])] = []
        var waiting: [(id: ObjectID, isBlob: Bool, name: [UInt8])] = []
        for root in roots { waiting.append((root, false, [])) }
        while let next = waiting.popLast() {
            guard missing?.contains(next.id) ?? true, seen.insert(next.id).inserted else { continue }
            guard found.count < maximumObjects else { throw .git("there are more objects than a workspace can have") }
            found.append((next.id, next.name))
            if next.isBlob { continue }
            do { waiting += try repository.children(of: next.id) } catch { throw .git(error.description) }
        }
        return found
    }
}
