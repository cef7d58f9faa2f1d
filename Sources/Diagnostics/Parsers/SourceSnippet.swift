/// The quoted source with which compilers follow a message. It is read past; what it underlines is kept.
struct SourceSnippet {
    /// Cells underlined from the caret on, the caret's included.
    private(set) var cells: Int?

    /// Moves past the snippet that begins at the cursor's line, if there is one.
    ///
    /// - Parameter source: the quoted line as the workspace has it, to know a snippet without a caret by.
    static func take(_ cursor: inout OutputCursor, source: @autoclosure () -> String?) -> SourceSnippet {
        var snippet = SourceSnippet()
        if gutter(cursor.line) != nil {
            while !cursor.isAtEnd, let text = gutter(cursor.line) {
                if snippet.cells == nil { snippet.cells = underlined(text) }
                cursor.advance()
            }
        } else if let marks = cursor.peek(), isMarks(marks), !isMarks(cursor.line) {
            snippet.cells = underlined(marks)
            cursor.advance()
            cursor.advance()
            // The tool's proposal, below the caret.
            if cursor.line.indentation > 0, !cursor.line.isBlank, LocatedLine(cursor.line) == nil,
                cursor.peek().map(isMarks) != true
            {
                cursor.advance()
            }
        } else if !cursor.line.isBlank, let source = source(), cursor.line.trimmed.equals(String(source[...].trimmed)) {
            cursor.advance()
        }
        return snippet
    }

    /// What stands behind the margin of `   12 | int x;` or `      |     ^~~`; nil when the line has no such margin.
    static func gutter(_ line: Substring) -> Substring? {
        let view = line.utf8
        let blanks = view.prefix { $0 == 0x20 }
        var rest = view[blanks.endIndex...]
        let digits = rest.prefix { $0.isDigit || $0 == UInt8(ascii: "+") }
        rest = rest[digits.endIndex...]
        guard !blanks.isEmpty || !digits.isEmpty else { return nil }
        if !digits.isEmpty {
            guard rest.first == 0x20 else { return nil }
            rest = rest.dropFirst()
        }
        guard rest.first == UInt8(ascii: "|") else { return nil }
        rest = rest.dropFirst()
        if rest.first == 0x20 { rest = rest.dropFirst() }
        return Substring(rest)
    }

    /// A line of nothing but blanks and marks, with a caret.
    private static func isMarks(_ line: Substring) -> Bool {
        var hasCaret = false
        for byte in line.utf8 {
            switch byte {
            case UInt8(ascii: "^"): hasCaret = true
            case 0x20, 0x09, UInt8(ascii: "~"), UInt8(ascii: "-"), UInt8(ascii: "|"): break
            default: return false
            }
        }
        return hasCaret
    }

    private static func underlined(_ text: Substring) -> Int? {
        guard isMarks(text), let caret = text.utf8.firstIndex(of: UInt8(ascii: "^")) else { return nil }
        let after = text.utf8[text.utf8.index(after: caret)...]
        return 1 + after.prefix { $0 == UInt8(ascii: "~") }.count
    }
}
