/// What a symbolic link that a session made may name.
enum LinkTarget {
    /// - Returns: the target; nil when it would lead out of the workspace or into git's own.
    static func safe(_ bytes: [UInt8], at path: WorkspacePath) -> String? {
        guard !bytes.isEmpty, bytes.count < WorkspacePath.longest, !bytes.contains(0),
            let target = String(validating: bytes, as: UTF8.self), !target.hasPrefix("/")
        else { return nil }
        var place = path.components.dropLast()
        var hasGoneDown = false
        for part in target.split(separator: "/") where part != "." {
            if part == ".." {
                // Behind a name that may be a link itself, `..` leads anywhere.
                guard !hasGoneDown, !place.isEmpty else { return nil }
                place.removeLast()
            } else {
                hasGoneDown = true
                place.append(String(part))
            }
        }
        // The folder itself has every file in it.
        guard !place.isEmpty, (try? WorkspacePath(place.joined(separator: "/"))) != nil else { return nil }
        return target
    }
}
