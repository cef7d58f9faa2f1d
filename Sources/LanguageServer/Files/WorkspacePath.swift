/// A path relative to a workspace folder that cannot lead out of it by its text.
///
/// Paths come from the service, hence from the sandbox. `.git` is refused in any spelling that some file system takes
/// for it: what is in it runs on the developer's machine.
public struct WorkspacePath: Sendable, Hashable {
    public let components: [String]

    /// PATH_MAX of Linux.
    static let longest = 4096

    public var text: String { components.joined(separator: "/") }

    /// - Throws: `FileAccessError.refused` with the reason.
    public init(_ path: String) throws(FileAccessError) {
        guard !path.isEmpty, path.utf8.count <= Self.longest else {
            throw .refused(path: path, reason: "an empty or overlong path")
        }
        guard !path.utf8.contains(0) else { throw .refused(path: path, reason: "the path contains a NUL") }
        guard !path.hasPrefix("/") else { throw .refused(path: path, reason: "the path is absolute") }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        for part in parts {
            guard !part.isEmpty, part != ".", part != ".." else {
                throw .refused(path: path, reason: "the path would leave the workspace")
            }
            guard !Self.isGitDirectory(part) else {
                throw .refused(path: path, reason: "git's own files are never written")
            }
        }
        components = parts
    }

    /// `.git` as HFS+ (ignorable characters), NTFS (short name, trailing dots and spaces, streams) and
    /// case-insensitive file systems know it (CVE-2014-9390).
    private static func isGitDirectory(_ part: String) -> Bool {
        let visible = String(
            String.UnicodeScalarView(
                part.unicodeScalars.filter { scalar in
                    // Joiners hold emoji together elsewhere, so they are not unsafe as such.
                    !DisplayText.isUnsafe(scalar) && scalar != "\u{200C}" && scalar != "\u{200D}"
                }))
        let lowered = visible.lowercased()
        let beforeStream = lowered.prefix { $0 != ":" }
        var trimmed = beforeStream
        while let last = trimmed.last, last == "." || last == " " { trimmed.removeLast() }
        return trimmed == ".git" || trimmed == "git~1"
    }
}
