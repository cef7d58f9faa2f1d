import Clibgit2

/// Unified diffs of two byte texts, as `git diff` prints them.
public enum UnifiedDiff {
    /// Beyond this a file is shown as binary: a patch of it would help nobody.
    public static let maximumBytes = 4 << 20

    public struct Patch: Sendable, Equatable {
        /// With git's headers; empty when nothing differs or the file is binary.
        public var text: String
        public var binary: Bool
        /// What `text` shows from one `@@` to the next; nil when there are more changes than anybody would choose among,
        /// and when the file became a link or a link a file.
        public var hunks: [Hunk]?
    }

    /// - Parameters:
    ///   - old: contents before; nil when the file did not exist.
    ///   - new: contents after; nil when it was deleted.
    ///   - path: relative to the root of the tree.
    public static func make(
        old: [UInt8]?, new: [UInt8]?, path: String, oldMode: FileMode = .regular, newMode: FileMode = .regular
    ) throws(GitError) -> Patch {
        try GitLibrary.require()
        if old != nil, new != nil, (oldMode == .symbolicLink) != (newMode == .symbolicLink) {
            // As git does: a file that becomes a link is one file less and one link more.
            let gone = try make(old: old, new: nil, path: path, oldMode: oldMode)
            let come = try make(old: nil, new: new, path: path, newMode: newMode)
            let binary = gone.binary || come.binary
            return Patch(text: binary ? "" : gone.text + come.text, binary: binary)
        }
        let before = old ?? []
        let after = new ?? []
        guard before.count <= maximumBytes, after.count <= maximumBytes else { return Patch(text: "", binary: true) }
        if isBinary(before) || isBinary(after) { return Patch(text: "", binary: true) }
        var header = "diff --git \(quoted("a/" + path)) \(quoted("b/" + path))\n"
        switch (old == nil, new == nil) {
        case (true, _): header += "new file mode \(newMode.rawValue)\n"
        case (_, true): header += "deleted file mode \(oldMode.rawValue)\n"
        default:
            if oldMode != newMode { header += "old mode \(oldMode.rawValue)\nnew mode \(newMode.rawValue)\n" }
        }
        guard let hunks = try hunks(before, after) else { return Patch(text: "", binary: true) }
        if hunks.text.isEmpty {
            let headerMatters = old == nil || new == nil || oldMode != newMode
            return Patch(text: headerMatters ? header : "", binary: false, hunks: [])
        }
        // A tab ends a name with spaces, for tools that would take what follows a space for a date.
        let tab = path.utf8.contains(UInt8(ascii: " ")) ? "\t" : ""
        header += "--- \(old == nil ? "/dev/null" : quoted("a/" + path) + tab)\n"
        header += "+++ \(new == nil ? "/dev/null" : quoted("b/" + path) + tab)\n"
        return Patch(text: header + hunks.text, binary: false, hunks: hunks.hunks)
    }

    /// As git guesses: a zero byte among the first 8000.
    public static func isBinary(_ bytes: [UInt8]) -> Bool {
        bytes.prefix(8000).contains(0)
    }

    /// As git quotes paths in headers: in C style when there is a control character, a quote or a backslash.
    private static func quoted(_ path: String) -> String {
        guard path.utf8.contains(where: { $0 < 32 || $0 == 34 || $0 == 92 || $0 == 127 }) else { return path }
        var text = "\""
        for byte in path.utf8 {
            switch byte {
            case 34: text += "\\\""
            case 92: text += "\\\\"
            case 9: text += "\\t"
            case 10: text += "\\n"
            case 13: text += "\\r"
            case 0..<32, 127:
                let octal = String(byte, radix: 8)
                text += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
            default: text.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return text + "\""
    }
}
