import JSON

/// A place in a cleaned text, at the beginning of a line or after a document within a line.
struct OutputCursor {
    let text: String
    private(set) var position: String.Index
    private var lineEnd: String.Index
    /// The current line without its end, shortened to `DiagnosticLimits.lineBytes`.
    private(set) var line: Substring
    /// What the current line looks like.
    private(set) var shape: LineShape
    /// What `located` found in the current line; nil when it was not asked.
    private var place: LocatedLine??
    /// Bytes that may still be scanned for documents that turn out to have no end.
    private var scanBudget: Int

    init(text: String) {
        self.text = text
        position = text.startIndex
        lineEnd = position
        line = text[position..<position]
        shape = LineShape(line)
        scanBudget = text.utf8.count * DiagnosticLimits.rescans
        readLine()
    }

    var isAtEnd: Bool { position == text.endIndex }

    /// Whether a carriage return overwrote the line on a terminal: progress, not worth keeping.
    var isTransient: Bool { lineEnd < text.endIndex && text.utf8[lineEnd] == 0x0D }

    /// The current line as `file:line:column: rest`, read once for all parsers; nil when it is none.
    mutating func located() -> LocatedLine? {
        guard shape.has(.place) else { return nil }
        if let place { return place }
        let found = LocatedLine(line)
        place = .some(found)
        return found
    }

    /// All from the current place on.
    var rest: Substring { text[position...] }

    mutating func advance() {
        position = lineEnd < text.endIndex ? text.utf8.index(after: lineEnd) : text.endIndex
        readLine()
    }

    /// Goes to a later place; the rest of its line, unless blank, becomes the current line.
    mutating func skip(to place: String.Index) {
        position = max(place, position)
        readLine()
        if shape.isBlank, !isAtEnd { advance() }
    }

    /// The line so many lines further on.
    func peek(_ count: Int = 1) -> Substring? {
        var start = lineEnd
        var end = lineEnd
        for _ in 0..<count {
            guard end < text.endIndex else { return nil }
            start = text.utf8.index(after: end)
            guard start < text.endIndex else { return nil }
            end = Self.endOfLine(text, from: start)
        }
        return text[start..<end].limited(toBytes: DiagnosticLimits.lineBytes)
    }

    /// Takes the JSON array or object that begins at the current line, over as many lines as it has. What follows it
    /// on its last line becomes the current line: compilers write words after their JSON. What is no JSON, or is not
    /// wanted, stays where it is.
    mutating func takeJSON(where isWanted: (JSON) -> Bool) -> JSON? {
        let start = position
        guard let end = endOfJSON() else { return nil }
        let limits = JSONLimits(
            maxDepth: DiagnosticLimits.jsonDepth, maxBytes: DiagnosticLimits.inputBytes * 2, duplicateKeys: .lastWins)
        guard let value = try? JSON(parsing: text.utf8[start..<end], limits: limits), isWanted(value) else {
            scanBudget -= text.utf8.distance(from: start, to: end)
            return nil
        }
        skip(to: end)
        return value
    }

    /// Says that a search for the end of a document ran to the end of the text. False: no more such searches.
    mutating func chargeScanToEnd() -> Bool {
        guard scanBudget > 0 else { return false }
        scanBudget -= text.utf8.distance(from: position, to: text.endIndex)
        return true
    }

    private mutating func endOfJSON() -> String.Index? {
        guard scanBudget > 0 else { return nil }
        let view = text.utf8
        var depth = 0
        var inString = false
        var index = position
        while index < view.endIndex {
            let byte = view[index]
            if inString {
                if byte == UInt8(ascii: "\\") {
                    index = view.index(after: index)
                    if index == view.endIndex { break }
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""): inString = true
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    depth -= 1
                    if depth <= 0 { return view.index(after: index) }
                default: break
                }
            }
            index = view.index(after: index)
        }
        scanBudget -= view.distance(from: position, to: view.endIndex)
        return nil
    }

    private mutating func readLine() {
        lineEnd = Self.endOfLine(text, from: position)
        line = text[position..<lineEnd].limited(toBytes: DiagnosticLimits.lineBytes)
        place = nil
        let next = lineEnd < text.endIndex ? text.utf8.index(after: lineEnd) : lineEnd
        shape = LineShape(line, next: next < text.endIndex ? text.utf8[next] : 0)
    }

    private static func endOfLine(_ text: String, from start: String.Index) -> String.Index {
        // By plain bytes: this passes over all of every output.
        let view = text.utf8
        let from = view.distance(from: view.startIndex, to: start)
        let length = view.withContiguousStorageIfAvailable { bytes -> Int in
            var place = from
            while place < bytes.count, bytes[place] != 0x0A, bytes[place] != 0x0D { place += 1 }
            return place - from
        }
        guard let length else { return view[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? text.endIndex }
        return view.index(start, offsetBy: length)
    }
}
