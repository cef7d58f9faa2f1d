/// The way from the root to a value, as a chain of steps: cheap to extend, rendered only for errors.
indirect enum CodingPath {
    case root
    case key(CodingPath, any CodingKey)
    case index(CodingPath, Int)

    /// The path as `Codable` wants it.
    var keys: [any CodingKey] {
        var result: [any CodingKey] = []
        var current = self
        while true {
            switch current {
            case .root:
                return result.reversed()
            case .key(let parent, let key):
                result.append(key)
                current = parent
            case .index(let parent, let index):
                result.append(JSONCodingKey(index: index))
                current = parent
            }
        }
    }

    var description: String { Self.render(keys) }

    /// `$.files[2].path`; keys that are no plain words are written `["like this"]`.
    static func render(_ keys: [any CodingKey]) -> String {
        /// Keys come from the peer and end up in log lines and error replies.
        let longestKey = 64
        var text = "$"
        for key in keys {
            if let index = key.intValue {
                text += "[\(index)]"
            } else if isPlainWord(key.stringValue), key.stringValue.utf8.count <= longestKey {
                text += ".\(key.stringValue)"
            } else {
                text += "[\(JSON.string(String(key.stringValue.prefix(longestKey))).text)]"
            }
        }
        return text
    }

    private static func isPlainWord(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || NumberGrammar.isDigit(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            }
    }
}

/// A key for any string, and for positions in arrays.
struct JSONCodingKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    static let superKey = JSONCodingKey("super")

    init(_ text: String) {
        stringValue = text
        intValue = nil
    }

    init(index: Int) {
        stringValue = String(index)
        intValue = index
    }

    init?(stringValue: String) { self.init(stringValue) }

    init?(intValue: Int) { self.init(index: intValue) }
}
