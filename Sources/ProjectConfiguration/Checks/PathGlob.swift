/// What the patterns of a check's `paths` and `reports` may be: relative to the workspace, `*` and `?` within one part,
/// `**` for any number of parts. One without a slash fits at any depth, as in `.gitignore`; one that fits a folder fits
/// all that lies in it.
public enum PathGlob {
    /// What is wrong with a pattern; nil when it can be used.
    public static func fault(_ pattern: String) -> String? {
        if pattern.utf8.isEmpty { return "an empty pattern" }
        if pattern.utf8.count > ConfigurationLimits.pathBytes { return "a pattern that is too long" }
        if pattern.utf8.contains(0) { return "a pattern with a NUL character" }
        if pattern.utf8.first == UInt8(ascii: "/") { return "the pattern must be relative to the repository's root" }
        if pattern.utf8.first == UInt8(ascii: "!") {
            return "patterns that leave out what others name are not known here"
        }
        let parts = pattern.utf8.split(separator: UInt8(ascii: "/"))
        if parts.contains(where: { $0.elementsEqual("..".utf8) }) { return "the pattern must not lead outside" }
        return nil
    }

    /// The patterns of whole paths that a valid pattern stands for.
    public static func expanded(_ pattern: String) -> [String] {
        var parts = pattern.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        parts.removeAll { $0 == "." }
        let isFolder = pattern.utf8.last == UInt8(ascii: "/")
        guard !parts.isEmpty else { return ["**"] }
        if parts.count == 1, !isFolder { parts.insert("**", at: 0) }
        let whole = parts.joined(separator: "/")
        return isFolder ? ["\(whole)/**"] : [whole, "\(whole)/**"]
    }
}
