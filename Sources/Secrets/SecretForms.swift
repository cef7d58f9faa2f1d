/// The shapes in which programs write a secret down again: as it is, and as encodings make it.
enum SecretForms {
    /// Shorter pieces would be found where no secret is.
    static let shortestForm = 6
    /// Of a secret of several lines, such as a private key, each that is at least this long is looked for by itself.
    private static let shortestLine = 24

    /// Every form of a secret; a secret that is too short has none.
    static func all(of secret: String) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for text in [secret] + lines(of: secret) {
            let bytes = Array(text.utf8)
            guard bytes.count >= shortestForm else { continue }
            forms += [bytes, escaped(bytes)]
            forms += [hexadecimal(bytes, digits: lowerDigits), hexadecimal(bytes, digits: upperDigits)]
            forms += [percentEncoded(bytes, digits: upperDigits), percentEncoded(bytes, digits: lowerDigits)]
            for alphabet in [standardAlphabet, addressAlphabet] {
                forms += (0..<3).map { base64(bytes, after: $0, alphabet) }
            }
        }
        var seen: Set<[UInt8]> = []
        return forms.filter { $0.count >= shortestForm && seen.insert($0).inserted }
    }

    private static func lines(of secret: String) -> [String] {
        let lines = secret.split(whereSeparator: \.isNewline)
        guard lines.count > 1 else { return [] }
        // What every key begins and ends with is no secret.
        return lines.filter { $0.utf8.count >= shortestLine && !$0.hasPrefix("-----") }.map(String.init)
    }

    // MARK: Encodings

    private static let lowerDigits = Array("0123456789abcdef".utf8)
    private static let upperDigits = Array("0123456789ABCDEF".utf8)
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let standardAlphabet = Array((letters + "+/").utf8)
    private static let addressAlphabet = Array((letters + "-_").utf8)

    private static func hexadecimal(_ bytes: [UInt8], digits: [UInt8]) -> [UInt8] {
        bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// All but RFC 3986's unreserved characters.
    private static func percentEncoded(_ bytes: [UInt8], digits: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                [byte]
            default: "-._~".utf8.contains(byte) ? [byte] : [UInt8(ascii: "%")] + hexadecimal([byte], digits: digits)
            }
        }
    }

    /// As it stands in a JSON string.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): Array("\\n".utf8)
            case UInt8(ascii: "\r"): Array("\\r".utf8)
            case UInt8(ascii: "\t"): Array("\\t".utf8)
            default: [byte]
            }
        }
    }

    /// The characters of a Base64 text (RFC 4648) that these bytes alone decide, `skipped` bytes after a multiple of three.
    private static func base64(_ bytes: [UInt8], after skipped: Int, _ alphabet: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var (buffer, bits) = (0, 0)
        for byte in repeatElement(0, count: skipped) + bytes {
            buffer = buffer << 8 | Int(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                result.append(alphabet[buffer >> bits & 63])
            }
            buffer &= 1 << bits - 1
        }
        return Array(result.dropFirst((8 * skipped + 5) / 6))
    }
}
