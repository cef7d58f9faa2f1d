/// Checks UTF-8 piece by piece (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).
struct UTF8Validator {
    /// Continuation bytes still due.
    private var due = 0
    /// Allowed range of the next continuation byte; narrower than 80...BF only after E0, ED, F0 and F4.
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    /// Whether the text so far ends between two characters.
    var isComplete: Bool { due == 0 }

    /// False as soon as `bytes` cannot be part of valid text.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if due == 0 {
                // Most text is ASCII: eight bytes at a time.
                while index + 8 <= count,
                    bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    index += 8
                }
                if index == count { break }
            }
            let byte = bytes[index]
            index += 1
            guard step(byte) else { return false }
        }
        return true
    }

    private mutating func step(_ byte: UInt8) -> Bool {
        if due > 0 {
            guard byte >= lower, byte <= upper else { return false }
            due -= 1
            lower = 0x80
            upper = 0xBF
            return true
        }
        switch byte {
        case 0x00...0x7F: break
        case 0xC2...0xDF: due = 1
        case 0xE0: (due, lower) = (2, 0xA0)
        case 0xED: (due, upper) = (2, 0x9F)
        case 0xE1...0xEF: due = 2
        case 0xF0: (due, lower) = (3, 0x90)
        case 0xF1...0xF3: due = 3
        case 0xF4: (due, upper) = (3, 0x8F)
        default: return false
        }
        return true
    }
}
