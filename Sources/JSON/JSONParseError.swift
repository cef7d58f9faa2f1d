/// Why a text is not JSON, or not within the limits, and where.
public struct JSONParseError: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The text ends inside a value, or holds none.
        case unexpectedEnd
        /// A byte that cannot stand here; `expected` says what could.
        case unexpectedByte(UInt8, expected: String)
        /// Something other than white space after the value.
        case trailingContent
        /// A number outside the grammar, such as `01`, `1.` or `+1`.
        case invalidNumber
        /// A backslash before something that is no escape.
        case invalidEscape
        /// A `\u` surrogate without its partner.
        case loneSurrogate
        /// A raw control character inside a string.
        case controlCharacter(UInt8)
        /// Bytes that are not UTF-8 (truncated, overlong, a surrogate, or beyond U+10FFFF).
        case invalidUTF8
        /// The text begins with a byte order mark.
        case byteOrderMark
        /// An object names this key twice.
        case duplicateKey(String)
        /// More nesting than `limit`.
        case tooDeep(limit: Int)
        /// More bytes than `limit`.
        case tooLarge(limit: Int)
    }

    public let kind: Kind
    /// The place of the error in bytes from the start of the text.
    public let byteOffset: Int
    /// The line, from 1.
    public let line: Int
    /// The column in bytes, from 1.
    public let column: Int
}

extension JSONParseError: CustomStringConvertible {
    public var description: String {
        "\(reason) at line \(line), column \(column)"
    }

    private var reason: String {
        switch kind {
        case .unexpectedEnd: "the JSON text ends too early"
        case .unexpectedByte(let byte, let expected): "expected \(expected), found \(Self.name(byte))"
        case .trailingContent: "unexpected content after the JSON value"
        case .invalidNumber: "invalid number"
        case .invalidEscape: "invalid escape in a string"
        case .loneSurrogate: "a surrogate escape without its partner"
        case .controlCharacter(let byte): "unescaped control character \(Self.name(byte)) in a string"
        case .invalidUTF8: "invalid UTF-8"
        case .byteOrderMark: "the text begins with a byte order mark"
        case .duplicateKey(let key): "the key \(JSON.string(String(key.prefix(64))).text) occurs twice"
        case .tooDeep(let limit): "more than \(limit) levels of nesting"
        case .tooLarge(let limit): "more than \(limit) bytes of JSON"
        }
    }

    private static func name(_ byte: UInt8) -> String {
        if (0x21..<0x7f).contains(byte) { return "'\(Character(UnicodeScalar(byte)))'" }
        let digits = String(byte, radix: 16)
        return "byte 0x" + (digits.count < 2 ? "0" : "") + digits
    }
}
