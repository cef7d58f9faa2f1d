extension JSON {
    /// The UTF-8 text of the value, without a final newline.
    public func serialized(_ options: JSONWriteOptions = .compact) -> [UInt8] {
        var writer = JSONWriter(options: options)
        writer.write(self, depth: 0)
        return writer.output
    }

    /// The compact text.
    public var text: String { String(decoding: serialized(), as: UTF8.self) }
}

/// Appends values to a byte buffer.
struct JSONWriter {
    let options: JSONWriteOptions
    var output: [UInt8] = []

    init(options: JSONWriteOptions) {
        self.options = options
        output.reserveCapacity(256)
    }

    mutating func write(_ value: JSON, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(true): append("true")
        case .bool(false): append("false")
        case .number(let number): output.append(contentsOf: number.literal.utf8)
        case .string(let string): writeString(string)
        case .array(let elements): writeArray(elements, depth: depth)
        case .object(let object): writeObject(object, depth: depth)
        }
    }

    private mutating func writeArray(_ elements: [JSON], depth: Int) {
        output.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            breakLine(depth: depth + 1)
            write(element, depth: depth + 1)
        }
        if !elements.isEmpty { breakLine(depth: depth) }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func writeObject(_ object: JSONObject, depth: Int) {
        output.append(UInt8(ascii: "{"))
        var members = object.members
        if options.contains(.sortedKeys) {
            members.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
        for (index, member) in members.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            breakLine(depth: depth + 1)
            writeString(member.key)
            output.append(UInt8(ascii: ":"))
            if options.contains(.pretty) { output.append(UInt8(ascii: " ")) }
            write(member.value, depth: depth + 1)
        }
        if !members.isEmpty { breakLine(depth: depth) }
        output.append(UInt8(ascii: "}"))
    }

    @inline(__always)
    private mutating func breakLine(depth: Int) {
        guard options.contains(.pretty) else { return }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }

    /// Escapes what RFC 8259 section 7 demands (quote, backslash, control characters) and nothing else.
    private mutating func writeString(_ string: String) {
        output.append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { bytes in
            var runStart = 0
            while true {
                let runEnd = Self.endOfPlainRun(bytes, from: runStart)
                output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[runStart..<runEnd]))
                guard runEnd < bytes.count else { break }
                writeEscape(bytes[runEnd])
                runStart = runEnd + 1
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// The place of the first byte from `start` on that must be escaped; the end when there is none.
    @inline(__always)
    private static func endOfPlainRun(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        if let base = UnsafeRawPointer(bytes.baseAddress) {
            // Eight bytes at a time, as in `JSONParser.skipPlainWords`; what is not ASCII is plain here.
            let ones: UInt64 = 0x0101_0101_0101_0101
            while index + 8 <= bytes.count {
                let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let quote = word ^ (ones &* 0x22)
                let backslash = word ^ (ones &* 0x5C)
                var found = (quote &- ones) & ~quote
                found |= (backslash &- ones) & ~backslash
                found |= (word &- (ones &* 0x20)) & ~word
                found &= ones &* 0x80
                if found != 0 { return index + found.trailingZeroBitCount >> 3 }
                index += 8
            }
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index += 1
        }
        return index
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        default:
            let digits = Array("0123456789abcdef".utf8)
            append("\\u00")
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 0x0F)])
        }
    }

    @inline(__always)
    private mutating func append(_ text: StaticString) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
