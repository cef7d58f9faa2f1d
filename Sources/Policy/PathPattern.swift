/// A path pattern: `*` and `?` within one part, `**` for any number of parts.
///
/// Letters are compared without case, so that `.GIT/config` on a case-insensitive disk is no way around a rule.
/// Paths are taken apart by bytes, so that a slash before a combining mark is no way around one either.
public struct PathPattern: Sendable {
    private let parts: [String]

    public init(_ pattern: String) {
        parts = Self.parts(pattern)
    }

    private static func parts(_ path: String) -> [String] {
        path.lowercased().utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    public func matches(_ path: String) -> Bool {
        let names = Self.parts(path)
        // matched[i] says: the pattern parts so far match the first i names.
        var matched = [Bool](repeating: false, count: names.count + 1)
        matched[0] = true
        for part in parts {
            var next = [Bool](repeating: false, count: names.count + 1)
            if part == "**" {
                var reached = false
                for index in matched.indices {
                    reached = reached || matched[index]
                    next[index] = reached
                }
            } else {
                for index in names.indices where matched[index] && WildcardPattern.matches(part, names[index]) {
                    next[index + 1] = true
                }
            }
            matched = next
        }
        return matched[names.count]
    }
}
