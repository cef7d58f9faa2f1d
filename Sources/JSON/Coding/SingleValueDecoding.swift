/// A single value for `Codable`.
struct SingleValueDecoding: SingleValueDecodingContainer {
    let value: JSON
    let path: CodingPath

    var codingPath: [any CodingKey] { path.keys }

    func decodeNil() -> Bool { value.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try ScalarDecoding.bool(value, path) }
    func decode(_ type: String.Type) throws -> String { try ScalarDecoding.string(value, path) }
    func decode(_ type: Double.Type) throws -> Double { try ScalarDecoding.float(value, path) }
    func decode(_ type: Float.Type) throws -> Float { try ScalarDecoding.float(value, path) }
    func decode(_ type: Int.Type) throws -> Int { try ScalarDecoding.integer(value, path) }
    func decode(_ type: Int8.Type) throws -> Int8 { try ScalarDecoding.integer(value, path) }
    func decode(_ type: Int16.Type) throws -> Int16 { try ScalarDecoding.integer(value, path) }
    func decode(_ type: Int32.Type) throws -> Int32 { try ScalarDecoding.integer(value, path) }
    func decode(_ type: Int64.Type) throws -> Int64 { try ScalarDecoding.integer(value, path) }
    func decode(_ type: UInt.Type) throws -> UInt { try ScalarDecoding.integer(value, path) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try ScalarDecoding.integer(value, path) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try ScalarDecoding.integer(value, path) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try ScalarDecoding.integer(value, path) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try ScalarDecoding.integer(value, path) }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try ValueDecoder.decode(type, from: value, path: path)
    }
}
