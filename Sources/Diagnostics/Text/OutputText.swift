/// Makes plain text of what a terminal would have shown.
enum OutputText {
    /// A control sequence longer than this is not one: the text after the escape is kept.
    static let longestControlSequence = 2048

    /// Removes ANSI and OSC sequences and control characters, turns CRLF into LF, replaces invalid UTF-8, and leaves
    /// out the middle of what exceeds the limit. A lone carriage return stays: `OutputCursor` ends a line there.
    static func clean(_ bytes: [UInt8], limit: Int = DiagnosticLimits.inputBytes) -> String {
        var kept: [UInt8] = []
        if bytes.count <= limit {
            kept.reserveCapacity(bytes.count)
            append(bytes[...], to: &kept)
        } else {
            kept.reserveCapacity(limit + 128)
            let head = wholeLines(bytes.prefix(limit / 2), dropping: .last)
            let tail = wholeLines(bytes.suffix(limit / 2), dropping: .first)
            append(head, to: &kept)
            kept += Array("\n[\(bytes.count - head.count - tail.count) bytes left out]\n".utf8)
            append(tail, to: &kept)
        }
        return String(decoding: kept, as: UTF8.self)
    }

    private enum End { case first, last }

    private static func wholeLines(_ bytes: ArraySlice<UInt8>, dropping end: End) -> ArraySlice<UInt8> {
        switch end {
        case .first: bytes.firstIndex(of: 0x0A).map { bytes[($0 + 1)...] } ?? bytes
        case .last: bytes.lastIndex(of: 0x0A).map { bytes[...$0] } ?? bytes
        }
    }

    private static func append(_ bytes: ArraySlice<UInt8>, to kept: inout [UInt8]) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            switch byte {
            case 0x1B:
                index = endOfEscape(bytes, at: index)
                continue
            case 0x0D:
                // Several carriage returns before a line feed are one line end.
                var next = index + 1
                while next < bytes.endIndex, bytes[next] == 0x0D { next += 1 }
                if next < bytes.endIndex, bytes[next] != 0x0A { kept.append(byte) }
                index = next
                continue
            case 0x00..<0x20 where byte != 0x09 && byte != 0x0A, 0x7F:
                break
            default:
                kept.append(byte)
            }
            index += 1
        }
    }

    /// The index after the escape sequence that begins here (ECMA-48 sections 5.3 to 5.6).
    private static func endOfEscape(_ bytes: ArraySlice<UInt8>, at start: Int) -> Int {
        let limit = min(bytes.endIndex, start + longestControlSequence)
        var index = start + 1
        guard index < limit else { return index }
        switch bytes[index] {
        case UInt8(ascii: "["):
            index += 1
            while index < limit, (0x20...0x3F).contains(bytes[index]) { index += 1 }
            return index < limit && (0x40...0x7E).contains(bytes[index]) ? index + 1 : index
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            let text = index + 1
            index = text
            while index < limit {
                // BEL or ST (ESC \) ends the string; a line feed says that it was none.
                if bytes[index] == 0x07 { return index + 1 }
                if bytes[index] == 0x1B { return min(index + 2, bytes.endIndex) }
                if bytes[index] == 0x0A { return text }
                index += 1
            }
            return text
        case 0x20...0x2F:
            while index < limit, (0x20...0x2F).contains(bytes[index]) { index += 1 }
            return min(index + 1, bytes.endIndex)
        case 0x30...0x7E:
            return index + 1
        default:
            return index
        }
    }
}
