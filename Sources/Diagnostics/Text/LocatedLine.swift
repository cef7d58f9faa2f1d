/// A line of the form `file:line:column: rest`, which most tools share.
struct LocatedLine {
    var file: Substring
    var line: Int
    var column: Int?
    var endLine: Int?
    var endColumn: Int?
    /// What follows the last colon, with its leading spaces.
    var rest: Substring

    /// Reads `file:line: …`, `file:line:column: …`, `file:line:column:line:column: …` (mypy) and
    /// `file:line:column:{…}: …` (clang's source ranges); nil when the line is none of them.
    init?(_ text: Substring) {
        guard let first = text.utf8.first, first > 0x20, first != UInt8(ascii: ":"), Self.mayBe(text) else {
            return nil
        }
        let view = text.utf8
        var search = view.startIndex
        while let colon = view[search...].firstIndex(of: UInt8(ascii: ":")) {
            var scanner = NumberScanner(rest: Substring(view[view.index(after: colon)...]))
            if let line = scanner.number(), scanner.rest.utf8.first == UInt8(ascii: ":") {
                let file = text[..<colon]
                guard file.utf8.count <= DiagnosticLimits.pathBytes else { return nil }
                self.file = file
                self.line = line
                scanner.skipByte()
                rest = scanner.rest
                readColumns(&scanner)
                return
            }
            search = view.index(after: colon)
        }
        return nil
    }

    /// Whether a digit follows a colon anywhere: what most lines fail, and are turned away by cheaply.
    private static func mayBe(_ text: Substring) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { bytes -> Bool in
            var place = 1
            while place < bytes.count {
                if bytes[place].isDigit, bytes[place - 1] == UInt8(ascii: ":") { return true }
                place += 1
            }
            return false
        } ?? true
    }

    private mutating func readColumns(_ scanner: inout NumberScanner) {
        guard let column = scanner.number(), scanner.rest.utf8.first == UInt8(ascii: ":") else { return }
        self.column = column
        scanner.skipByte()
        rest = scanner.rest
        if rest.utf8.first == UInt8(ascii: "{"), let end = rest.find("}:") {
            rest = rest[end.upperBound...]
            return
        }
        guard let endLine = scanner.number(), scanner.rest.utf8.first == UInt8(ascii: ":") else { return }
        scanner.skipByte()
        guard let endColumn = scanner.number(), scanner.rest.utf8.first == UInt8(ascii: ":") else { return }
        scanner.skipByte()
        (self.endLine, self.endColumn) = (endLine, endColumn)
        rest = scanner.rest
    }

    /// The last component's extension in lower case, without the dot; empty when there is none.
    var fileExtension: String { PathText.fileExtension(file) }
}

/// Reads numbers off the front of a text.
struct NumberScanner {
    var rest: Substring

    /// 1 to 9 digits: more than any file has lines, and no overflow.
    mutating func number() -> Int? {
        let digits = rest.utf8.prefix { $0.isDigit }
        guard let value = Substring(digits).smallNumber else { return nil }
        rest = rest[digits.endIndex...]
        return value
    }

    mutating func skipByte() { rest = rest.droppingBytes(1) }
}
