/// The elements of an array for `Codable`.
struct UnkeyedValueDecoding: UnkeyedDecodingContainer {
    let elements: [JSON]
    let path: CodingPath
    private(set) var currentIndex = 0

    init(elements: [JSON], path: CodingPath) {
        self.elements = elements
        self.path = path
    }

    var codingPath: [any CodingKey] { path.keys }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    /// The next element goes by only when `body` succeeds, as `Codable` wants it.
    private mutating func next<Value>(_ body: (JSON, CodingPath) throws -> Value) throws -> Value {
        let here = CodingPath.index(path, currentIndex)
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                Value.self,
                .init(codingPath: here.keys, debugDescription: "the array has only \(elements.count) elements"))
        }
        let result = try body(elements[currentIndex], here)
        currentIndex += 1
        return result
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd else { return try next { value, _ in value.isNull } }
        guard elements[currentIndex].isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try ScalarDecoding.bool($0, $1) } }
    mutating func decode(_ type: String.Type) throws -> String { try next { try ScalarDecoding.string($0, $1) } }
    mutating func decode(_ type: Double.Type) throws -> Double { try next { try ScalarDecoding.float($0, $1) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try next { try ScalarDecoding.float($0, $1) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next { try ScalarDecoding.integer($0, $1) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next { try ScalarDecoding.integer($0, $1) } }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try next { try ValueDecoder.decode(type, from: $0, path: $1) }
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try next { try ValueDecoder(value: $0, path: $1).container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { try ValueDecoder(value: $0, path: $1).unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder {
        try next { ValueDecoder(value: $0, path: $1) }
    }
}
