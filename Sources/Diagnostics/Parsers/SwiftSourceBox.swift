/// The quoted source of Swift's own diagnostic style, with messages on the lines they are about:
///
///     6 | func h() { g() }
///       |      |     `- error: 'async' call in a function that does not support concurrency
///       |      `- note: add 'async' to function 'h()' to make it asynchronous
struct SwiftSourceBox {
    struct Mark {
        var line: Int
        /// In bytes, from 1.
        var column: Int
        var kind: SeverityPrefix.Kind
        var message: String
    }

    private(set) var marks: [Mark] = []

    /// Moves past the box that begins at the cursor's line, its closing blank line included; nil when there is none.
    static func take(_ cursor: inout OutputCursor) -> SwiftSourceBox? {
        guard isMargin(cursor.line) else { return nil }
        var box = SwiftSourceBox()
        var number: Int?
        var code: Substring = ""
        while !cursor.isAtEnd, let (margin, text) = split(cursor.line) {
            if let line = margin.trimmed.smallNumber {
                (number, code) = (line, text)
            } else if box.marks.count < DiagnosticLimits.related, let number,
                let mark = mark(text, line: number, code: code)
            {
                box.marks.append(mark)
            }
            cursor.advance()
        }
        if !cursor.isAtEnd, cursor.line.isBlank { cursor.advance() }
        return box
    }

    /// Whether a line has Swift's margin rather than gcc's: the number begins the line or fills it.
    private static func isMargin(_ line: Substring) -> Bool {
        guard let (margin, _) = split(line) else { return false }
        return margin.trimmed.smallNumber != nil
    }

    /// The margin, and the text behind `| `. A box within a box (`|  |`, macro expansions) is text.
    private static func split(_ line: Substring) -> (margin: Substring, text: Substring)? {
        guard let bar = line.utf8.firstIndex(of: UInt8(ascii: "|")) else { return nil }
        let margin = line[..<bar]
        guard !margin.isEmpty, margin.utf8.last == 0x20,
            margin.utf8.allSatisfy({ $0 == 0x20 || $0.isDigit })
        else { return nil }
        var text = Substring(line.utf8[line.utf8.index(after: bar)...])
        if text.utf8.first == 0x20 { text = text.droppingBytes(1) }
        return (margin, text)
    }

    /// ``     |     `- error: message``: the last mark before the message stands under the column meant.
    private static func mark(_ text: Substring, line: Int, code: Substring) -> Mark? {
        guard let dash = text.find("- "), dash.lowerBound > text.startIndex else { return nil }
        let arrow = text.utf8.index(before: dash.lowerBound)
        guard "`|".utf8.contains(text.utf8[arrow]),
            text.utf8[..<arrow].allSatisfy({ $0 == 0x20 || $0 == UInt8(ascii: "|") }),
            let prefix = SeverityPrefix(text[dash.upperBound...])
        else { return nil }
        // The column counts characters as shown; the code line above turns it into bytes.
        let characters = text.utf8.distance(from: text.startIndex, to: arrow)
        let column = code.prefix(characters).utf8.count + max(0, characters - code.prefix(characters).count) + 1
        let message = prefix.message.cutBracketedCode()
        let text = message.code?[...].begins("#") == true ? message.message : prefix.message
        return Mark(line: line, column: column, kind: prefix.kind, message: String(text))
    }
}
