/// A text as its lines, in UTF-8 bytes.
///
/// Each line keeps its terminator; the last one has none and may be empty, so there is always at least one. An edit
/// touches the lines that it changes and, when their number changes, moves one pointer for each line below: typing in
/// a long file copies a line, not the file. Copies share all lines that are equal, which makes a saved state cheap to
/// keep and to compare.
///
/// Only `\n` ends a line (a `\r` before it belongs to the terminator). The specification also names a lone `\r`, but
/// editors do not break lines there, nor do compilers when they count.
struct TextBuffer: Sendable, Equatable {
    /// A place: line from 0, column in bytes from 0.
    struct Point: Sendable, Hashable, Comparable {
        var line: Int
        var column: Int

        static func < (lhs: Point, rhs: Point) -> Bool { (lhs.line, lhs.column) < (rhs.line, rhs.column) }
    }

    private(set) var lines: [[UInt8]]

    init(_ bytes: [UInt8]) { lines = Self.split(bytes) }
    init(_ text: String) { self.init(Array(text.utf8)) }

    /// The whole text.
    var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(lines.reduce(0) { $0 + $1.count })
        for line in lines { result += line }
        return result
    }

    /// The whole text; bytes that are not UTF-8 become U+FFFD.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    var end: Point { Point(line: lines.count - 1, column: contentCount(ofLine: lines.count - 1)) }

    /// The bytes of a line before its terminator.
    func contentCount(ofLine line: Int) -> Int {
        let bytes = lines[line]
        guard bytes.last == UInt8(ascii: "\n") else { return bytes.count }
        return bytes.count >= 2 && bytes[bytes.count - 2] == UInt8(ascii: "\r") ? bytes.count - 2 : bytes.count - 1
    }

    /// A line without its terminator.
    func content(ofLine line: Int) -> ArraySlice<UInt8> { lines[line][..<contentCount(ofLine: line)] }

    /// The nearest place that exists: behind the last line is the end of the text, behind a line its end.
    func clamped(_ point: Point) -> Point {
        if point.line < 0 { return Point(line: 0, column: 0) }
        if point.line >= lines.count { return end }
        return Point(line: point.line, column: min(max(point.column, 0), contentCount(ofLine: point.line)))
    }

    /// Replaces what is between two places; they are clamped and put in order first.
    mutating func replace(from: Point, to: Point, with bytes: [UInt8]) {
        let (first, second) = (clamped(from), clamped(to))
        let (start, end) = first <= second ? (first, second) : (second, first)
        if start.line == end.line, !bytes.contains(UInt8(ascii: "\n")) {
            lines[start.line].replaceSubrange(start.column..<end.column, with: bytes)
            return
        }
        var changed: [UInt8] = []
        changed.reserveCapacity(start.column + bytes.count + lines[end.line].count - end.column)
        changed += lines[start.line][..<start.column]
        changed += bytes
        changed += lines[end.line][end.column...]
        lines.replaceSubrange(start.line...end.line, with: Self.split(changed, isLast: end.line == lines.count - 1))
    }

    /// Lines with their terminators. `isLast` tells that nothing follows, so that an unterminated line comes last.
    private static func split(_ bytes: [UInt8], isLast: Bool = true) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = 0
        bytes.withUnsafeBufferPointer { buffer in
            for index in buffer.indices where buffer[index] == UInt8(ascii: "\n") {
                lines.append(Array(buffer[start...index]))
                start = index + 1
            }
        }
        if isLast || start < bytes.count { lines.append(Array(bytes[start...])) }
        return lines
    }
}
