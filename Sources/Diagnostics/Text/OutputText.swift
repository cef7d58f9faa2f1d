/// Makes plain text of what a terminal would have shown.
enum OutputText {
    /// A control sequence longer than this is not one: the text after the escape is kept.
    static let longestControlSequence = 2048

    /// Removes ANSI and OSC sequences and control characters, turns CRLF into LF, replaces invalid UTF-8, and leaves
    /// out the middle of what exceeds the limits. A lone carriage return stays: `OutputCursor` ends a line there.
    static func clean(
        _ bytes: [UInt8], limit: Int = DiagnosticLimits.inputBytes, lines: Int = DiagnosticLimits.inputLines
    ) -> String {
        var kept: [UInt8] = []
        kept.reserveCapacity(min(bytes.count, limit + 128))
        if bytes.count <= limit, endOfHead(bytes, bytes: limit, lines: lines) == bytes.count {
            append(bytes[...], to: &kept)
        } else {
            let head = endOfHead(bytes, bytes: limit / 2, lines: lines / 2)
            let tail = max(head, startOfTail(bytes, bytes: limit / 2, lines: lines / 2))
            append(bytes[..<head], to: &kept)
            if tail > head { kept += Array("\n[\(tail - head) bytes left out]\n".utf8) }
            append(bytes[tail...], to: &kept)
        }
        return String(decoding: kept, as: UTF8.self)
    }

    /// The end of the last whole line within both limits; of a line that exceeds them alone, of what fits.
    private static func endOfHead(_ text: [UInt8], bytes limit: Int, lines: Int) -> Int {
        var end = 0
        var left = lines
        let reach = min(limit, text.count)
        while left > 0, end < reach, let lineFeed = text[end..<reach].firstIndex(of: 0x0A) {
            end = lineFeed + 1
            left -= 1
        }
        return left > 0 && (reach == text.count || end == 0) ? reach : end
    }

    private static func startOfTail(_ text: [UInt8], bytes limit: Int, lines: Int) -> Int {
        let reach = max(0, text.count - limit)
        var start = text.count
        var left = lines
        while left > 0, start > reach {
            // The line feed that ends the line before.
            let before = text[reach..<(start - 1)].lastIndex(of: 0x0A)
            guard let before else { return reach == 0 || start == text.count ? reach : start }
            start = before + 1
            left -= 1
        }
        return start
    }

    private static func append(_ bytes: ArraySlice<UInt8>, to kept: inout [UInt8]) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            // Most of it is as it should be, and is taken over in one piece.
            let plain = bytes[index...].firstIndex { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A || $0 == 0x7F }
            kept += bytes[index..<(plain ?? bytes.endIndex)]
            index = plain ?? bytes.endIndex
            guard index < bytes.endIndex else { return }
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
            default: break
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
