import AgentProtocol

/// Turns places between the client's encoding, byte columns and the `TextRange` of the agent protocol.
///
/// A place that does not exist is clamped to the nearest that does; a place inside a character, to its beginning.
struct PositionMapper: Sendable {
    let encoding: PositionEncoding

    func point(of position: LSP.Position, in buffer: TextBuffer) -> TextBuffer.Point {
        if position.line < 0 { return TextBuffer.Point(line: 0, column: 0) }
        if position.line >= buffer.lines.count { return buffer.end }
        let column = byteColumn(of: position.character, in: buffer.content(ofLine: position.line))
        return TextBuffer.Point(line: position.line, column: column)
    }

    func position(of point: TextBuffer.Point, in buffer: TextBuffer) -> LSP.Position {
        let point = buffer.clamped(point)
        return LSP.Position(
            line: point.line, character: character(ofByteColumn: point.column, in: buffer.content(ofLine: point.line)))
    }

    /// The client's range of a compiler's; never reversed.
    func range(of range: TextRange, in buffer: TextBuffer) -> LSP.Range {
        let start = position(of: .init(line: range.startLine.less1, column: range.startColumn.less1), in: buffer)
        let end = position(of: .init(line: range.endLine.less1, column: range.endColumn.less1), in: buffer)
        return LSP.Range(start: start, end: max(start, end))
    }

    func textRange(of range: LSP.Range, in buffer: TextBuffer) -> TextRange {
        let start = point(of: range.start, in: buffer)
        let end = max(start, point(of: range.end, in: buffer))
        return TextRange(
            startLine: start.line + 1, startColumn: start.column + 1, endLine: end.line + 1, endColumn: end.column + 1)
    }

    /// The bytes before `character` in a line without its terminator.
    func byteColumn(of character: Int, in line: ArraySlice<UInt8>) -> Int {
        guard character > 0 else { return 0 }
        var units = 0
        var index = line.startIndex
        while index < line.endIndex {
            let scalar = Self.scalar(at: index, in: line)
            units += self.units(of: scalar)
            if units > character { break }
            index += scalar.length
            if units == character { break }
        }
        return index - line.startIndex
    }

    /// The units before a byte of a line.
    func character(ofByteColumn column: Int, in line: ArraySlice<UInt8>) -> Int {
        let limit = line.startIndex + min(max(column, 0), line.count)
        var units = 0
        var index = line.startIndex
        while index < limit {
            let scalar = Self.scalar(at: index, in: line)
            if index + scalar.length > limit { break }
            units += self.units(of: scalar)
            index += scalar.length
        }
        return units
    }

    private func units(of scalar: Scalar) -> Int {
        switch encoding {
        case .utf8: scalar.length
        case .utf16: scalar.length == 4 ? 2 : 1
        case .utf32: 1
        }
    }

    private struct Scalar {
        var length: Int
    }

    /// The scalar at a byte. A byte that begins none stands for itself: an editor shows it as one replacement
    /// character.
    private static func scalar(at index: Int, in line: ArraySlice<UInt8>) -> Scalar {
        let length: Int
        switch line[index] {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return Scalar(length: 1)
        }
        guard index + length <= line.endIndex else { return Scalar(length: 1) }
        for offset in 1..<length where line[index + offset] & 0xC0 != 0x80 { return Scalar(length: 1) }
        return Scalar(length: length)
    }
}

extension Int {
    /// One less, without overflow on a hostile number.
    var less1: Int { self > 0 ? self - 1 : 0 }
}
