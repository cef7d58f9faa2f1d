/// A forgiving reader of XML: tags, attributes and text in their order, no validation, no document types, no entities
/// but the five that XML defines and numbers, so nothing to blow up or fetch.
struct XMLScanner {
    struct Tag {
        var name: String
        /// `<name/>`.
        var isEmpty: Bool
        private var attributes: [(name: String, value: String)]

        init(name: String, isEmpty: Bool, attributes: [(name: String, value: String)]) {
            self.name = name
            self.isEmpty = isEmpty
            self.attributes = attributes
        }

        subscript(name: String) -> String? { attributes.first { $0.name == name }?.value }
    }

    enum Event {
        case open(Tag)
        case close(String)
        case text(String)
    }

    private static let mostAttributes = 64

    private let text: Substring
    private(set) var position: Substring.Index

    init(_ text: Substring) {
        self.text = text
        position = text.startIndex
    }

    mutating func next() -> Event? {
        while position < text.endIndex {
            guard text.utf8[position] == UInt8(ascii: "<") else { return readText() }
            let rest = text[position...]
            if rest.begins("<!--") {
                guard skip(past: "-->") else { return nil }
            } else if rest.begins("<![CDATA[") {
                return readCharacterData()
            } else if rest.begins("<?") {
                guard skip(past: "?>") else { return nil }
            } else if rest.begins("<!") {
                guard skip(past: ">") else { return nil }
            } else {
                return readTag()
            }
        }
        return nil
    }

    private mutating func skip(past end: String) -> Bool {
        guard let range = text[position...].find(end) else { return false }
        position = range.upperBound
        return true
    }

    private mutating func readText() -> Event {
        let end = text.utf8[position...].firstIndex(of: UInt8(ascii: "<")) ?? text.endIndex
        defer { position = end }
        return .text(Self.decoded(text[position..<end]))
    }

    private mutating func readCharacterData() -> Event? {
        let start = text.utf8.index(position, offsetBy: 9)
        guard let end = text[start...].find("]]>") else { return nil }
        position = end.upperBound
        return .text(String(text[start..<end.lowerBound]))
    }

    private mutating func readTag() -> Event? {
        position = text.utf8.index(after: position)
        let isClosing = take("/")
        let name = readName()
        var attributes: [(name: String, value: String)] = []
        while position < text.endIndex {
            skipBlanks()
            if take(">") {
                return isClosing
                    ? .close(name) : .open(Tag(name: name, isEmpty: false, attributes: attributes))
            }
            if take("/>") { return .open(Tag(name: name, isEmpty: true, attributes: attributes)) }
            let key = readName()
            guard !key.isEmpty else {
                // Not an attribute: pass over the byte.
                guard position < text.endIndex else { return nil }
                position = text.utf8.index(after: position)
                continue
            }
            skipBlanks()
            guard take("=") else { continue }
            skipBlanks()
            guard let value = readValue() else { return nil }
            if attributes.count < Self.mostAttributes { attributes.append((key, value)) }
        }
        return nil
    }

    private mutating func readName() -> String {
        let name = text.utf8[position...].prefix { $0.isIdentifier || "-.:".utf8.contains($0) }
        position = name.endIndex
        return String(Substring(name))
    }

    private mutating func readValue() -> String? {
        guard position < text.endIndex else { return nil }
        let quote = text.utf8[position]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return "" }
        let start = text.utf8.index(after: position)
        guard let end = text.utf8[start...].firstIndex(of: quote) else { return nil }
        position = text.utf8.index(after: end)
        return Self.decoded(text[start..<end])
    }

    private mutating func skipBlanks() {
        position = text.utf8[position...].firstIndex { !($0 == 0x20 || (0x09...0x0D).contains($0)) } ?? text.endIndex
    }

    private mutating func take(_ token: String) -> Bool {
        guard text[position...].begins(token) else { return false }
        position = text.utf8.index(position, offsetBy: token.utf8.count)
        return true
    }

    /// Replaces `&lt;`, `&#10;`, `&#x1b;` and the like; leaves what is none.
    static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return String(text) }
        var result = ""
        var rest = text
        while let start = rest.utf8.firstIndex(of: UInt8(ascii: "&")) {
            result += rest[..<start]
            let body = rest.utf8[rest.utf8.index(after: start)...]
            // No reference is longer than `#x10ffff`.
            if let end = body.prefix(10).firstIndex(of: UInt8(ascii: ";")),
                let character = character(Substring(body[..<end]))
            {
                result += character
                rest = Substring(body[body.index(after: end)...])
            } else {
                result += "&"
                rest = Substring(body)
            }
        }
        return result + rest
    }

    private static func character(_ reference: Substring) -> String? {
        switch String(reference) {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        guard let number = reference.after(prefix: "#") else { return nil }
        let value = number.after(prefix: "x").map { UInt32($0, radix: 16) } ?? UInt32(number)
        // A control character would come back in through this door; only line breaks and tabs may.
        guard let value, value >= 0x20 || value == 0x0A || value == 0x09, value != 0x7F,
            let scalar = Unicode.Scalar(value)
        else { return value == nil ? nil : "" }
        return String(Character(scalar))
    }
}
