/// Paths relative to a workspace.
///
/// Paths are taken apart by bytes, never by characters: a `/` before a combining mark is one character to Swift and
/// still a separator to the kernel.
public enum RelativePath {
    /// Normalises a path that a client or a model gave: absolute beneath `root`, or relative.
    /// - Returns: parts joined by `/`, empty for the root itself.
    /// - Throws: `WorkspaceError.badPath` when it leaves the root or has a zero byte.
    public static func normalise(_ path: String, root: String) throws(WorkspaceError) -> String {
        guard !path.utf8.contains(0) else { throw .badPath(path) }
        var rest = path.utf8[...]
        if path.utf8.first == slash {
            guard path.utf8.starts(with: root.utf8) else { throw .badPath(path) }
            rest = path.utf8.dropFirst(root.utf8.count)
            guard rest.isEmpty || rest.first == slash else { throw .badPath(path) }
        }
        var parts: [Substring] = []
        for part in rest.split(separator: slash) {
            if part.elementsEqual(".".utf8) { continue }
            if part.elementsEqual("..".utf8) {
                guard parts.popLast() != nil else { throw .badPath(path) }
            } else {
                parts.append(Substring(part))
            }
        }
        return parts.joined(separator: "/")
    }

    /// The parts of a path between its slashes.
    public static func parts(_ path: String) -> [Substring] {
        path.utf8.split(separator: slash).map(Substring.init)
    }

    /// Whether a part of the path is git's own folder, under any name by which some file system would find it:
    /// in other case, with the characters that HFS+ ignores, with the endings that NTFS ignores, or as `git~1`.
    /// What stands there could be run by the user's git, so that it is never copied in or handed out.
    public static func isGitInternal(_ path: String) -> Bool {
        parts(path).contains { part in
            var name = part.unicodeScalars.filter { !ignoredByHFS($0) }.map { $0.properties.lowercaseMapping }.joined()
            if let stream = name.utf8.firstIndex(of: UInt8(ascii: ":")) { name = String(name[..<stream]) }
            while let last = name.unicodeScalars.last, last == "." || last == " " { name.unicodeScalars.removeLast() }
            return name.utf8.elementsEqual(".git".utf8) || name.utf8.elementsEqual("git~1".utf8)
        }
    }

    private static let slash = UInt8(ascii: "/")

    /// The code points that HFS+ leaves out when it compares names, as git lists them.
    private static func ignoredByHFS(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200C...0x200F, 0x202A...0x202E, 0x206A...0x206F, 0xFEFF: true
        default: false
        }
    }
}
