/// A wish that the user wrote into a comment: `// cofferdam: handle the empty list`.
enum CommentPrompt {
    /// What introduces a comment in the languages that people use. The longer come before their beginnings.
    private static let markers = [
        "//", "/*", "<!--", "{-", "(*", "--", "#", ";", "%", "*", "\"\"\"", "'''", "!", "rem ",
    ]
    private static let keywords = ["cofferdam:", "agent:"]
    private static let closings = ["*/", "-->", "-}", "*)", "\"\"\"", "'''"]

    /// The wish in a line; nil when there is none.
    static func find(in line: String) -> String? {
        let lowered = line.lowercased()
        // A lowered text of another length (İ) would put the places off.
        guard lowered.utf8.count == line.utf8.count else { return nil }
        for keyword in keywords {
            guard let range = lowered.firstRange(of: keyword) else { continue }
            let before = lowered[..<range.lowerBound].trimmed
            guard markers.contains(where: { before.hasSuffix($0.trimmed) }) else { continue }
            let offset = lowered.utf8.distance(from: lowered.startIndex, to: range.upperBound)
            let wish = clean(line[line.utf8.index(line.startIndex, offsetBy: offset)...])
            if !wish.isEmpty { return wish }
        }
        return nil
    }

    private static func clean(_ rest: Substring) -> String {
        var text = rest.trimmed
        for closing in closings where text.hasSuffix(closing) { text = text.dropLast(closing.count).trimmed }
        return String(text)
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without white space at both ends.
    fileprivate var trimmed: Substring {
        let start = self[startIndex...].drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return start }
        return start[...last]
    }
}
