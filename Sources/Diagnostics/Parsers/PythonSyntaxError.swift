/// A syntax error as Python prints it, at the end of a traceback or alone:
///
///       File "/src/stats.py", line 2
///         if not values
///                      ^
///     SyntaxError: expected ':'
struct PythonSyntaxError {
    let place: Finding.Place
    let message: String

    /// What the errors of the compiler are called.
    private static let names = ["SyntaxError", "IndentationError", "TabError"]

    static func isName(_ exception: Substring) -> Bool { names.contains { exception.begins($0 + ": ") } }

    /// - Parameter lines: the file's line, the code, the mark under it (the last two may be missing), the exception.
    init?(_ lines: [Substring], _ collector: inout FindingCollector) {
        guard let last = lines.last(where: { !$0.isBlank })?.trimmed, Self.isName(last),
            let index = lines.lastIndex(where: { PythonFrames.frame($0.trimmed) != nil }),
            let frame = PythonFrames.frame(lines[index].trimmed), !frame.file.begins("<"),
            var place = collector.place(frame.file, line: frame.line, unit: .scalars)
        else { return nil }
        if lines.indices.contains(index + 2) {
            Self.mark(&place, code: lines[index + 1], mark: lines[index + 2], collector)
        }
        self.place = place
        message = String(last)
    }

    /// Python prints the code without its indentation, moved to the right; the mark stands under it.
    private static func mark(
        _ place: inout Finding.Place, code: Substring, mark: Substring, _ collector: FindingCollector
    ) {
        let carets = mark.trimmed.utf8
        guard !carets.isEmpty, carets.allSatisfy({ $0 == UInt8(ascii: "^") }), let file = place.file.inside,
            let source = collector.resolver.sourceLine(file, place.line)
        else { return }
        let column = mark.indentation - code.indentation + source[...].indentation + 1
        guard column > 0 else { return }
        place.column = column
        if carets.count > 1 { place.endColumn = column + carets.count }
    }
}
