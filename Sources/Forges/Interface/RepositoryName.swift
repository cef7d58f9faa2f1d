/// A repository's place on its forge.
public struct RepositoryName: Sendable, Hashable, CustomStringConvertible {
    /// User, organisation, workspace or project key; with GitLab a path of groups such as `group/subgroup`.
    public var owner: String
    public var name: String

    public init(owner: String, name: String) {
        self.owner = owner
        self.name = name
    }

    /// From the path of a clone address: `owner/name`, also with a leading slash or `.git` at its end. Nil when it is no
    /// such path, or has a part that could mean another place: empty, `.` or `..`, or with a character that no forge allows.
    public init?(path: String) {
        var path = path[...]
        if path.hasPrefix("/") { path = path.dropFirst() }
        if path.hasSuffix("/") { path = path.dropLast() }
        if path.hasSuffix(".git") { path = path.dropLast(4) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.count <= Self.maximumParts, let last = parts.last,
            parts.allSatisfy(Self.isPart)
        else { return nil }
        owner = parts.dropLast().joined(separator: "/")
        name = String(last)
    }

    public var description: String { "\(owner)/\(name)" }

    /// GitLab nests groups 20 deep.
    private static let maximumParts = 22
    private static let maximumPartBytes = 255

    /// The path without ambiguity: checked again before each request, as the members can be set.
    var isValid: Bool { RepositoryName(path: description) == self }

    private static func isPart(_ part: Substring) -> Bool {
        guard !part.isEmpty, part.utf8.count <= maximumPartBytes, part != ".", part != ".." else { return false }
        return part.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "{"), UInt8(ascii: "}"):
                true
            default: false
            }
        }
    }
}
