/// Paths relative to a workspace.
public enum RelativePath {
    /// Normalises a path that a client or a model gave: absolute beneath `root`, or relative.
    /// - Returns: parts joined by `/`, empty for the root itself.
    /// - Throws: `WorkspaceError.badPath` when it leaves the root or has a zero byte.
    public static func normalise(_ path: String, root: String) throws(WorkspaceError) -> String {
        guard !path.utf8.contains(0) else { throw .badPath(path) }
        var rest = path[...]
        if path.hasPrefix("/") {
            if path == root { return "" }
            guard path.hasPrefix(root + "/") else { throw .badPath(path) }
            rest = path.dropFirst(root.count + 1)
        }
        var parts: [Substring] = []
        for part in rest.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { throw .badPath(path) }
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}
