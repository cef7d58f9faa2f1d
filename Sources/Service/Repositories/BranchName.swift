import Git

/// A branch's name, without `refs/heads/`. Names come from templates, prompts and repositories: hostile.
enum BranchName {
    /// As long as file systems take, with room for `.lock` and a remote's prefix.
    static let maximumBytes = 200

    /// Whether git takes it for a branch (git-check-ref-format(1)), and nothing else could be meant: neither an option, nor
    /// `HEAD`, a commit, or a name that looks like another one on a screen.
    static func isValid(_ name: String) -> Bool {
        guard name.utf8.count <= maximumBytes, !name.hasPrefix("-"), !name.hasPrefix("refs/"),
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"~^:?*[\\\"'`$;&|<>(){}!%".utf8.contains($0) }),
            Repository.isValidReference("refs/heads/\(name)"), !name.contains("..")
        else { return false }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasPrefix("-") && !$0.hasSuffix(".lock") })
        else { return false }
        return name != "HEAD" && name != "@" && ObjectID(hex: name) == nil
    }
}
