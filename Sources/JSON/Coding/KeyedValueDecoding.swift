/// The members of an object for `Codable`.
struct KeyedValueDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let object: JSONObject
    let path: CodingPath

    var codingPath: [any CodingKey] { path.keys }
    var allKeys: [Key] { object.members.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }

    private func member(_ key: Key) throws -> JSON {
        guard let value = object[key.stringValue] else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "the key is missing"))
        }
        return value
    }

    func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        try ScalarDecoding.bool(member(key), .key(path, key))
    }

    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try ScalarDecoding.string(member(key), .key(path, key))
    }

    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        try ScalarDecoding.float(member(key), .key(path, key))
    }

    func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
        try ScalarDecoding.float(member(key), .key(path, key))
    }

    func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try ScalarDecoding.integer(member(key), .key(path, key))
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try ValueDecoder.decode(type, from: member(key), path: .key(path, key))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try ValueDecoder(value: member(key), path: .key(path, key)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try ValueDecoder(value: member(key), path: .key(path, key)).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        let key = JSONCodingKey.superKey
        return ValueDecoder(value: object[key.stringValue] ?? .null, path: .key(path, key))
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        ValueDecoder(value: object[key.stringValue] ?? .null, path: .key(path, key))
    }
}
