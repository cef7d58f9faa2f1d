/// A recursive descent parser over bytes in memory.
///
/// Recursion is bounded by `JSONLimits.maxDepth`. `UnsafeBufferPointer` checks no bounds in release builds, so every
/// read stands behind a comparison with `end`.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let end: Int
    let limits: JSONLimits
    let maxDepth: Int
    var position = 0
    /// Where strings with escapes are put together; kept to save allocations.
    var unescaped: [UInt8] = []

    init(bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.end = bytes.count
        self.limits = limits
        self.maxDepth = min(limits.maxDepth, JSONLimits.deepestNesting)
    }

    /// The whole text.
    mutating func parseText() throws(JSONParseError) -> JSON {
        guard end <= limits.maxBytes else { throw failure(.tooLarge(limit: limits.maxBytes), at: 0) }
        if end >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            guard limits.acceptsByteOrderMark else { throw failure(.byteOrderMark, at: 0) }
            position = 3
        }
        skipWhitespace()
        let value = try parseValue(depth: 0)
        skipWhitespace()
        guard position == end else { throw failure(.trailingContent) }
        return value
    }

    /// A value; `position` is at its first byte, white space already skipped.
    private mutating func parseValue(depth: Int) throws(JSONParseError) -> JSON {
        guard position < end else { throw failure(.unexpectedEnd) }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            return .string(try parseString())
        case UInt8(ascii: "{"):
            return try parseObject(depth: depth + 1)
        case UInt8(ascii: "["):
            return try parseArray(depth: depth + 1)
        case UInt8(ascii: "t"):
            try expectWord("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expectWord("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expectWord("null")
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try parseNumber())
        case let byte:
            throw failure(.unexpectedByte(byte, expected: "a value"))
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONParseError) -> JSON {
        guard depth <= maxDepth else { throw failure(.tooDeep(limit: maxDepth)) }
        position += 1
        skipWhitespace()
        if position < end, bytes[position] == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        var elements: [JSON] = []
        while true {
            elements.append(try parseValue(depth: depth))
            skipWhitespace()
            guard position < end else { throw failure(.unexpectedEnd) }
            switch bytes[position] {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "]"):
                position += 1
                return .array(elements)
            case let byte:
                throw failure(.unexpectedByte(byte, expected: "',' or ']'"))
            }
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONParseError) -> JSON {
        guard depth <= maxDepth else { throw failure(.tooDeep(limit: maxDepth)) }
        position += 1
        skipWhitespace()
        if position < end, bytes[position] == UInt8(ascii: "}") {
            position += 1
            return .object(JSONObject())
        }
        var object = JSONObject()
        while true {
            try parseMember(of: &object, depth: depth)
            skipWhitespace()
            guard position < end else { throw failure(.unexpectedEnd) }
            switch bytes[position] {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "}"):
                position += 1
                return .object(object)
            case let byte:
                throw failure(.unexpectedByte(byte, expected: "',' or '}'"))
            }
        }
    }

    @inline(__always)
    private mutating func parseMember(of object: inout JSONObject, depth: Int) throws(JSONParseError) {
        let keyPosition = position
        guard position < end else { throw failure(.unexpectedEnd) }
        guard bytes[position] == UInt8(ascii: "\"") else {
            throw failure(.unexpectedByte(bytes[position], expected: "a key in quotes"))
        }
        let key = try parseString()
        skipWhitespace()
        guard position < end else { throw failure(.unexpectedEnd) }
        guard bytes[position] == UInt8(ascii: ":") else {
            throw failure(.unexpectedByte(bytes[position], expected: "':'"))
        }
        position += 1
        skipWhitespace()
        let value = try parseValue(depth: depth)
        guard !object.appendIfAbsent(key, value) else { return }
        switch limits.duplicateKeys {
        case .reject: throw failure(.duplicateKey(key), at: keyPosition)
        case .lastWins: object[key] = value
        }
    }

    private mutating func parseNumber() throws(JSONParseError) -> JSONNumber {
        let start = position
        guard let numberEnd = NumberGrammar.length(of: bytes, from: start) else { throw failure(.invalidNumber) }
        // `01` and `1x` would otherwise be reported as a missing comma.
        if numberEnd < end {
            let next = bytes[numberEnd]
            guard !NumberGrammar.isDigit(next), next != UInt8(ascii: ".") else { throw failure(.invalidNumber) }
        }
        position = numberEnd
        return JSONNumber(validated: String(decoding: bytes[start..<numberEnd], as: UTF8.self))
    }

    private mutating func expectWord(_ word: StaticString) throws(JSONParseError) {
        for offset in 0..<word.utf8CodeUnitCount {
            let place = position + offset
            guard place < end else { throw failure(.unexpectedEnd, at: end) }
            guard bytes[place] == word.utf8Start[offset] else {
                throw failure(.unexpectedByte(bytes[place], expected: "\(word)"), at: place)
            }
        }
        position += word.utf8CodeUnitCount
    }

    @inline(__always)
    mutating func skipWhitespace() {
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    /// The error at a place (the current one by default) with its line and column.
    func failure(_ kind: JSONParseError.Kind, at place: Int? = nil) -> JSONParseError {
        let offset = min(place ?? position, end)
        var line = 1
        var lineStart = 0
        for index in 0..<offset where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return JSONParseError(kind: kind, byteOffset: offset, line: line, column: offset - lineStart + 1)
    }
}
