import Clibgit2

extension Repository {
    /// What a reference points at, symbolic ones followed.
    /// - Returns: nil when there is none of the name, or it points at a branch without commits.
    public func reference(_ name: String) throws(GitError) -> ObjectID? {
        var oid = git_oid()
        let code = git_reference_name_to_id(&oid, handle, name)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try check("read \(name)", code)
        return ObjectID(oid)
    }

    /// The branch that `HEAD` names, as `refs/heads/…`; nil when it is detached.
    public func headBranch() throws(GitError) -> String? {
        var head: OpaquePointer?
        try check("read HEAD", git_reference_lookup(&head, handle, "HEAD"))
        defer { git_reference_free(head) }
        return git_reference_symbolic_target(head).map { String(cString: $0) }
    }

    /// Whether git takes the name for a reference (git-check-ref-format(1)).
    public static func isValidReference(_ name: String) -> Bool {
        guard (try? GitLibrary.require()) != nil, !name.utf8.contains(0) else { return false }
        var isValid: Int32 = 0
        return git_reference_name_is_valid(&isValid, name) == 0 && isValid == 1
    }

    /// Moves or makes a reference.
    /// - Parameter old: what it must point at right before; nil: it must not be there.
    /// - Throws: `GitError`; with the code of `GIT_EMODIFIED` (-15) or `GIT_EEXISTS` (-4) when it points elsewhere.
    public func setReference(_ name: String, to id: ObjectID, from old: ObjectID?) throws(GitError) {
        guard Self.isValidReference(name) else {
            throw GitError(
                operation: "move a reference", code: GIT_EINVALIDSPEC.rawValue, message: "its name is refused")
        }
        guard old != id else { return }
        var oid = id.oid
        var reference: OpaquePointer?
        defer { git_reference_free(reference) }
        guard let old else {
            return try check("make \(name)", git_reference_create(&reference, handle, name, &oid, 0, nil))
        }
        var oldID = old.oid
        try check(
            "move \(name)", git_reference_create_matching(&reference, handle, name, &oid, 1, &oldID, nil))
    }

    /// Nothing happens when there is none.
    public func removeReference(_ name: String) throws(GitError) {
        let code = git_reference_remove(handle, name)
        if code != GIT_ENOTFOUND.rawValue { try check("remove \(name)", code) }
    }

    /// Names with this beginning that point at an object, sorted.
    public func references(beneath prefix: String) throws(GitError) -> [(name: String, id: ObjectID)] {
        var iterator: OpaquePointer?
        try check("list", git_reference_iterator_glob_new(&iterator, handle, prefix + "*"))
        defer { git_reference_iterator_free(iterator) }
        var found: [(name: String, id: ObjectID)] = []
        var name: UnsafePointer<CChar>?
        while true {
            let code = git_reference_next_name(&name, iterator)
            if code == GIT_ITEROVER.rawValue { break }
            try check("list", code)
            guard let text = name.map({ String(cString: $0) }), text.hasPrefix(prefix) else { continue }
            if let id = try reference(text) { found.append((text, id)) }
        }
        return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Whether a commit is one that a reference points at, or an ancestor of it.
    public func isReachable(_ commit: ObjectID) throws(GitError) -> Bool {
        var tips: [git_oid] = []
        for (name, id) in try references(beneath: "refs/") {
            if id == commit { return true }
            var object: OpaquePointer?
            var reference: OpaquePointer?
            defer {
                git_object_free(object)
                git_reference_free(reference)
            }
            // A tag may stand for something else than a commit.
            guard git_reference_lookup(&reference, handle, name) == 0,
                git_reference_peel(&object, reference, GIT_OBJECT_COMMIT) == 0, let tip = git_object_id(object)
            else { continue }
            if ObjectID(tip.pointee) == commit { return true }
            tips.append(tip.pointee)
        }
        guard !tips.isEmpty else { return false }
        var oid = commit.oid
        let code = git_graph_reachable_from_any(handle, &oid, &tips, tips.count)
        try check("look for \(commit)", code)
        return code == 1
    }
}
