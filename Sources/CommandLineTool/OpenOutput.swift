import LanguageServer

/// A stream of output on its way to the terminal: pieces in, whole lines out, without terminal control.
struct OpenOutput {
    private var cleaner = OutputCleaner()
    /// The beginning of a line whose end has not come.
    private(set) var rest = ""

    /// A longer line is shown in pieces.
    private static let maximumLineBytes = 4096

    /// The lines that end in the next piece.
    mutating func lines(_ text: String) -> [String] {
        var lines = (rest + cleaner.clean(text)).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        rest = lines.removeLast()
        if rest.utf8.count > Self.maximumLineBytes {
            lines.append(rest)
            rest = ""
        }
        return lines
    }
}
