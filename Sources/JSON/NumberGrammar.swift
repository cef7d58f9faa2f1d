/// The number grammar of RFC 8259 section 6.
enum NumberGrammar {
    /// The end of the number that begins at `start`, or nil when there is none. What follows is not looked at.
    @inline(__always)
    static func length(of bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        let end = bytes.count
        var position = start
        if position < end, bytes[position] == UInt8(ascii: "-") { position += 1 }

        guard position < end, isDigit(bytes[position]) else { return nil }
        if bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            skipDigits(bytes, &position)
        }
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard position < end, isDigit(bytes[position]) else { return nil }
            skipDigits(bytes, &position)
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard position < end, isDigit(bytes[position]) else { return nil }
            skipDigits(bytes, &position)
        }
        return position
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    @inline(__always)
    private static func skipDigits(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) {
        while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    }

    /// The digits of a literal with a fraction or exponent written out as a plain integer (`12.50e1` → `125`); nil
    /// when the value is not whole, or has more digits than any integer type here could hold.
    static func plainInteger(_ literal: String) -> String? {
        /// `Int128` has 39 digits; anything longer is out of range whatever the type.
        let longestInteger = 40
        let parts = literal.utf8.split(maxSplits: 1, omittingEmptySubsequences: false) {
            $0 | 0x20 == UInt8(ascii: "e")
        }
        guard let mantissa = parts.first else { return nil }
        let isNegative = mantissa.first == UInt8(ascii: "-")
        let point = mantissa.firstIndex(of: UInt8(ascii: "."))
        let fractionDigits = point.map { mantissa.distance(from: $0, to: mantissa.endIndex) - 1 } ?? 0
        var digits = mantissa.filter(isDigit)
        guard let firstNonZero = digits.firstIndex(where: { $0 != UInt8(ascii: "0") }) else {
            return digits.isEmpty ? nil : "0"
        }
        digits.removeFirst(firstNonZero)
        guard let writtenExponent = parts.count > 1 ? Int(String(parts[1]) ?? "") : 0 else { return nil }

        var (exponent, overflow) = writtenExponent.subtractingReportingOverflow(fractionDigits)
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        guard !overflow, exponent >= 0, exponent <= longestInteger, digits.count + exponent <= longestInteger else {
            return nil
        }
        let zeros = String(repeating: "0", count: exponent)
        return (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self) + zeros
    }
}
