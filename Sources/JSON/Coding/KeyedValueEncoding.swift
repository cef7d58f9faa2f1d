/// Members of an object under construction.
struct KeyedValueEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: EncodingNode
    let path: CodingPath

    var codingPath: [any CodingKey] { path.keys }

    private func set(_ value: JSON, _ key: Key) { node.set(key.stringValue, .value(value)) }

    /// The node of a nested container; asking twice for the same key gives the same one.
    private func child(_ key: any CodingKey) -> EncodingNode {
        if let existing = node.member(key.stringValue) { return existing }
        let child = EncodingNode()
        node.set(key.stringValue, .node(child))
        return child
    }

    func encodeNil(forKey key: Key) throws { set(.null, key) }
    func encode(_ value: Bool, forKey key: Key) throws { set(.bool(value), key) }
    func encode(_ value: String, forKey key: Key) throws { set(.string(value), key) }
    func encode(_ value: Double, forKey key: Key) throws {
        set(try ValueEncoder.number(value, path: .key(path, key)), key)
    }
    func encode(_ value: Float, forKey key: Key) throws {
        set(try ValueEncoder.number(float: value, path: .key(path, key)), key)
    }
    func encode(_ value: Int, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: Int8, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: Int16, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: Int32, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: Int64, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: UInt, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: UInt8, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: UInt16, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: UInt32, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }
    func encode(_ value: UInt64, forKey key: Key) throws { set(.number(JSONNumber(value)), key) }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        set(try ValueEncoder.encode(value, path: .key(path, key)), key)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        ValueEncoder(node: child(key), path: .key(path, key)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        ValueEncoder(node: child(key), path: .key(path, key)).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        let key = JSONCodingKey.superKey
        return ValueEncoder(node: child(key), path: .key(path, key))
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        ValueEncoder(node: child(key), path: .key(path, key))
    }
}
