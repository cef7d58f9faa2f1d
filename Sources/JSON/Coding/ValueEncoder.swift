/// An `Encoder` that fills one node.
struct ValueEncoder: Encoder {
    let node: EncodingNode
    let path: CodingPath

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(KeyedValueEncoding(node: node, path: path))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeArray()
        return UnkeyedValueEncoding(node: node, path: path)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        SingleValueEncoding(node: node, path: path)
    }

    /// Encodes any value; the JSON types themselves are passed on without a detour through `Codable`.
    static func encode(_ value: some Encodable, path: CodingPath) throws -> JSON {
        if let json = value as? JSON { return json }
        let node = EncodingNode()
        try value.encode(to: ValueEncoder(node: node, path: path))
        return node.json
    }

    /// A floating point number; infinity and NaN have no JSON form.
    static func number(_ value: Double, path: CodingPath) throws -> JSON {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: path.keys, debugDescription: "\(path.description): \(value) is no JSON number")
            )
        }
        return .number(JSONNumber(value))
    }

    /// The same for `Float`, in its own shortest form: 0.1 stays `0.1`.
    static func number(float value: Float, path: CodingPath) throws -> JSON {
        try number(Double(value.description) ?? Double(value), path: path)
    }
}
