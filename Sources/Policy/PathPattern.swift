/// A path pattern: `*` and `?` within one part, `**` for any number of parts.
///
/// Letters are compared without case, so that `.GIT/config` on a case-insensitive disk is no way around a rule.
public struct PathPattern: Sendable {
    private let parts: [String]

    public init(_ pattern: String) {
        parts = pattern.lowercased().split(separator: "/").map(String.init)
    }

    public func matches(_ path: String) -> Bool {
        let names = path.lowercased().split(separator: "/").map(String.init)
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
