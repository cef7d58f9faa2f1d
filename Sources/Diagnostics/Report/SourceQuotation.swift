import AgentProtocol

/// A source line with a caret under the place, as compilers show it.
enum SourceQuotation {
    static func text(_ source: String, range: TextRange) -> String {
        let limit = DiagnosticReport.sourceLineBytes
        let start = min(max(0, range.startColumn - 1), source.utf8.count)
        guard start < limit else { return "" }
        let shown = source.shortened(toBytes: limit)
        let number = String(range.startLine)
        let margin = String(repeating: " ", count: number.utf8.count)
        // Tabs stay tabs, so that the caret stands right whatever their width.
        let prefix = source[...].limited(toBytes: start)
        let blanks = String(prefix.unicodeScalars.map { $0 == "\t" ? Character("\t") : Character(" ") })
        var end = range.endLine > range.startLine ? shown.utf8.count : min(range.endColumn - 1, shown.utf8.count)
        end = max(end, start + 1)
        let marked = source[...].droppingBytes(start).limited(toBytes: end - start).unicodeScalars.count
        let tildes = String(repeating: "~", count: max(0, marked - 1))
        return "    \(number) | \(shown)\n    \(margin) | \(blanks)^\(tildes)\n"
    }
}
