/// Pieces of Markdown in which foreign text stays what it is.
enum MarkdownText {
    /// A code span that its content cannot end.
    static func code(_ text: String) -> String {
        let shown = DisplayText.exact(text)
        let ticks = String(repeating: "`", count: longestRun(of: "`", in: shown) + 1)
        let padding = shown.hasPrefix("`") || shown.hasSuffix("`") ? " " : ""
        return ticks + padding + shown + padding + ticks
    }

    /// A fenced block that its content cannot end.
    static func fenced(_ text: String, language: String) -> String {
        let shown = DisplayText.cleaned(text)
        let fence = String(repeating: "`", count: max(3, longestRun(of: "`", in: shown) + 1))
        return "\(fence)\(language)\n\(shown)\(shown.hasSuffix("\n") ? "" : "\n")\(fence)\n"
    }

    /// Each line behind a prefix, which no content can leave.
    static func prefixed(_ text: String, with prefix: String) -> String {
        let lines = DisplayText.cleaned(text).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.map { prefix + $0 }.joined(separator: "\n") + "\n"
    }

    private static func longestRun(of character: Character, in text: String) -> Int {
        var longest = 0
        var run = 0
        for current in text {
            run = current == character ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }
}
