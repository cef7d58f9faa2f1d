/// A name for a finding that stays when lines move: of tool, rule, file, message and the text of the line.
enum Fingerprint {
    static func of(tool: String, code: String?, path: String, message: String, sourceLine: String?) -> String {
        var hash = FNV1a()
        hash.add(tool)
        hash.add(code ?? "")
        hash.add(path)
        hash.add(normalised(message))
        // The text tells two findings with one message apart; its indentation may change without meaning anything.
        hash.add(sourceLine.map { String($0[...].trimmed) } ?? "")
        let digits = String(hash.value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// The first line with numbers replaced: they are line numbers, sizes and times. Quoted text stays, since
    /// there they are part of a name or value; addresses (`0x7f…`) go even there, as they differ in every run.
    static func normalised(_ message: String) -> String {
        var result: [UInt8] = []
        let bytes = Array(message.utf8.prefix { $0 != 0x0A })
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if let end = endOfAddress(bytes, at: index) {
                result += Array("0x#".utf8)
                index = end
            } else if let end = endOfQuotation(bytes, at: index) {
                result += withoutAddresses(bytes[index..<end])
                index = end
            } else if byte.isDigit {
                result.append(UInt8(ascii: "#"))
                while index < bytes.count, bytes[index].isDigit { index += 1 }
            } else {
                result.append(byte)
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func withoutAddresses(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if let end = endOfAddress(bytes, at: index) {
                result += Array("0x#".utf8)
                index = end
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    /// `0x` and at least six hexadecimal digits.
    private static func endOfAddress(_ bytes: [UInt8], at start: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "0"), start + 1 < bytes.count, bytes[start + 1] == UInt8(ascii: "x") else {
            return nil
        }
        var end = start + 2
        while end < bytes.count, bytes[end].isDigit || (0x61...0x66).contains(bytes[end] | 0x20) { end += 1 }
        return end - start >= 8 ? end : nil
    }

    private static let quotes: [(open: [UInt8], close: [[UInt8]])] = [
        (Array("'".utf8), [Array("'".utf8)]), (Array("\"".utf8), [Array("\"".utf8)]),
        (Array("`".utf8), [Array("`".utf8), Array("'".utf8)]), (Array("‘".utf8), [Array("’".utf8)]),
        (Array("“".utf8), [Array("”".utf8)]),
    ]

    /// The end of a quotation that begins here. An apostrophe within a word begins none. A quotation is at most 256
    /// bytes long, which also keeps a message of nothing but quotation marks cheap.
    private static func endOfQuotation(_ bytes: [UInt8], at start: Int) -> Int? {
        if start > 0, bytes[start - 1].isLetter || bytes[start - 1].isDigit { return nil }
        for (open, closers) in quotes where bytes[start...].starts(with: open) {
            var index = start + open.count
            let limit = min(bytes.count, start + 256)
            while index < limit {
                for closer in closers where bytes[index...].starts(with: closer) { return index + closer.count }
                index += 1
            }
        }
        return nil
    }
}

/// FNV-1a of 64 bits: small, the same everywhere, and good enough for a name that nothing's safety rests on.
struct FNV1a {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Adds a text and a byte that no text has, so that the borders of the texts count.
    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(0xFF as UInt8)
    }

    private mutating func add(_ byte: UInt8) {
        value ^= UInt64(byte)
        value &*= 0x0000_0100_0000_01b3
    }
}
