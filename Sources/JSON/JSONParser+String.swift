extension JSONParser {
    /// A string; `position` is at its opening quote.
    mutating func parseString() throws(JSONParseError) -> String {
        let start = position + 1
        var isASCII = true
        position = start
        guard try skipPlainBytes(&isASCII) else { return try parseEscapedString(from: start, isASCII: isASCII) }
        let content = UnsafeBufferPointer(rebasing: bytes[start..<position])
        position += 1
        // Known to be ASCII, nothing can be repaired by `decoding`.
        if isASCII { return String(decoding: content, as: UTF8.self) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw failure(.invalidUTF8, at: start + UTF8Check.validPrefix(of: content))
        }
        return text
    }

    /// Skips bytes that stand for themselves. Stops at the closing quote (true) or a backslash (false).
    @inline(__always)
    private mutating func skipPlainBytes(_ isASCII: inout Bool) throws(JSONParseError) -> Bool {
        while true {
            skipPlainWords()
            guard position < end else { throw failure(.unexpectedEnd) }
            switch bytes[position] {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): return false
            case let byte where byte < 0x20: throw failure(.controlCharacter(byte))
            case let byte where byte >= 0x80:
                isASCII = false
                repeat { position += 1 } while position < end && bytes[position] >= 0x80
            default: position += 1
            }
        }
    }

    /// Skips eight bytes at a time as long as none of them is a quote, a backslash, a control character or
    /// non-ASCII; stops at the first that is.
    @inline(__always)
    private mutating func skipPlainWords() {
        guard let base = bytes.baseAddress else { return }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position + 8 <= end {
            let word = UInt64(
                littleEndian: UnsafeRawPointer(base).loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            // Each term sets the high bit of a byte it looks for. Borrows can set higher bytes falsely, never lower
            // ones, so the lowest set bit is exact.
            var found = (quote &- ones) & ~quote
            found |= (backslash &- ones) & ~backslash
            found |= (word &- (ones &* 0x20)) & ~word
            found = (found | word) & highs
            if found != 0 {
                position += found.trailingZeroBitCount >> 3
                return
            }
            position += 8
        }
    }

    /// The slow path: a string with escapes; `position` is at the first backslash.
    private mutating func parseEscapedString(from start: Int, isASCII: Bool) throws(JSONParseError) -> String {
        var isASCII = isASCII
        unescaped.removeAll(keepingCapacity: true)
        unescaped.append(contentsOf: bytes[start..<position])
        while true {
            try parseEscape()
            let runStart = position
            let isClosed = try skipPlainBytes(&isASCII)
            unescaped.append(contentsOf: bytes[runStart..<position])
            if isClosed { break }
        }
        position += 1
        guard let text = String(validating: unescaped, as: UTF8.self) else {
            // Escapes yield valid UTF-8, so the fault is in the raw bytes (an escape cannot mend a truncated one).
            let raw = UnsafeBufferPointer(rebasing: bytes[start..<position])
            throw failure(.invalidUTF8, at: start + UTF8Check.validPrefix(of: raw))
        }
        return text
    }

    private mutating func parseEscape() throws(JSONParseError) {
        let escapeStart = position
        guard position + 1 < end else { throw failure(.unexpectedEnd, at: end) }
        let letter = bytes[position + 1]
        position += 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(letter)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): try parseUnicodeEscape(from: escapeStart)
        default: throw failure(.invalidEscape, at: escapeStart)
        }
    }

    /// The four digits after `\u`, and the second half of a surrogate pair.
    private mutating func parseUnicodeEscape(from escapeStart: Int) throws(JSONParseError) {
        let first = try parseFourDigits(from: escapeStart)
        var scalar = UInt32(first)
        switch first {
        case 0xD800...0xDBFF:
            guard position + 1 < end, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
            else { throw failure(.loneSurrogate, at: escapeStart) }
            position += 2
            let second = try parseFourDigits(from: position - 2)
            guard (0xDC00...0xDFFF).contains(second) else { throw failure(.loneSurrogate, at: escapeStart) }
            scalar = 0x10000 + ((UInt32(first) - 0xD800) << 10) + (UInt32(second) - 0xDC00)
        case 0xDC00...0xDFFF:
            throw failure(.loneSurrogate, at: escapeStart)
        default: break
        }
        guard let scalar = Unicode.Scalar(scalar) else { throw failure(.invalidEscape, at: escapeStart) }
        unescaped.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
    }

    private mutating func parseFourDigits(from escapeStart: Int) throws(JSONParseError) -> UInt16 {
        guard position + 4 <= end else { throw failure(.unexpectedEnd, at: end) }
        var value: UInt16 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw failure(.invalidEscape, at: escapeStart)
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
