/// Finds the place of a UTF-8 fault for error messages; the check itself is the standard library's.
enum UTF8Check {
    /// The length of the longest valid prefix (RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF).
    static func validPrefix(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var position = 0
        while position < bytes.count {
            let length: Int
            let secondByte: ClosedRange<UInt8>
            switch bytes[position] {
            case 0x00...0x7F: (length, secondByte) = (1, 0x80...0xBF)
            case 0xC2...0xDF: (length, secondByte) = (2, 0x80...0xBF)
            case 0xE0: (length, secondByte) = (3, 0xA0...0xBF)
            case 0xE1...0xEC, 0xEE, 0xEF: (length, secondByte) = (3, 0x80...0xBF)
            case 0xED: (length, secondByte) = (3, 0x80...0x9F)
            case 0xF0: (length, secondByte) = (4, 0x90...0xBF)
            case 0xF1...0xF3: (length, secondByte) = (4, 0x80...0xBF)
            case 0xF4: (length, secondByte) = (4, 0x80...0x8F)
            default: return position
            }
            guard position + length <= bytes.count else { return position }
            if length > 1, !secondByte.contains(bytes[position + 1]) { return position }
            for offset in 2..<max(length, 2) where bytes[position + offset] & 0xC0 != 0x80 { return position }
            position += length
        }
        return position
    }
}
