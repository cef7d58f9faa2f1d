import JSON

/// A scalar and what it means in the core schema of YAML 1.2.2, section 10.3.2.
struct YAMLScalar {
    var text: String
    /// Neither quoted nor a block.
    var isPlain: Bool
    var tag: String?
    var anchor: String?

    private static let prefix = "tag:yaml.org,2002:"

    /// Nil when the tag is none of the core schema's or does not fit the text.
    var json: JSON? {
        guard let tag else { return isPlain ? plain : .string(text) }
        let value = plain
        switch tag {
        case "!", Self.prefix + "str": return .string(text)
        case Self.prefix + "null": return value?.isNull == true ? .null : nil
        case Self.prefix + "bool": return value?.boolValue != nil ? value : nil
        case Self.prefix + "int": return value?.intValue != nil ? value : nil
        case Self.prefix + "float": return value?.doubleValue != nil ? value : nil
        default: return nil
        }
    }

    /// Nil for a number that JSON cannot hold.
    private var plain: JSON? {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let unsigned =
            text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
            ? Substring(text.utf8.dropFirst()) : text[...]
        guard let first = unsigned.utf8.first else { return .string(text) }
        if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(String(unsigned)) { return nil }
        if let digits = Self.after("0x", text), let value = Int(digits, radix: 16) { return .number(JSONNumber(value)) }
        if let digits = Self.after("0o", text), let value = Int(digits, radix: 8) { return .number(JSONNumber(value)) }
        guard Self.isDigit(first) || first == UInt8(ascii: ".") else { return .string(text) }
        if unsigned.utf8.allSatisfy(Self.isDigit) {
            return Int(text).map { .number(JSONNumber($0)) } ?? .string(text)
        }
        guard Self.isFloat(unsigned), let value = Double(text), value.isFinite else { return .string(text) }
        return .number(JSONNumber(value))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func after(_ prefix: String, _ text: String) -> Substring? {
        guard text.utf8.starts(with: prefix.utf8), text.utf8.count > 2 else { return nil }
        let rest = text.utf8.dropFirst(2)
        // Int(_:radix:) would take a sign.
        return rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") ? nil : Substring(rest)
    }

    /// `(\. [0-9]+ | [0-9]+ (\. [0-9]*)?) ([eE] [-+]? [0-9]+)?`.
    private static func isFloat(_ text: Substring) -> Bool {
        var rest = text.utf8[...]
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let fraction = rest.prefix(while: isDigit)
            if whole.isEmpty && fraction.isEmpty { return false }
            rest = rest.dropFirst(fraction.count)
        } else if whole.isEmpty {
            return false
        }
        guard let exponent = rest.first else { return true }
        guard exponent | 0x20 == UInt8(ascii: "e") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }
}
