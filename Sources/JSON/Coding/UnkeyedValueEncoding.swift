/// Elements of an array under construction.
struct UnkeyedValueEncoding: UnkeyedEncodingContainer {
    let node: EncodingNode
    let path: CodingPath

    var codingPath: [any CodingKey] { path.keys }
    var count: Int { node.elementCount }
    private var here: CodingPath { .index(path, count) }

    private func append(_ value: JSON) { node.append(.value(value)) }

    private func child() -> ValueEncoder {
        let encoder = ValueEncoder(node: EncodingNode(), path: here)
        node.append(.node(encoder.node))
        return encoder
    }

    func encodeNil() throws { append(.null) }
    func encode(_ value: Bool) throws { append(.bool(value)) }
    func encode(_ value: String) throws { append(.string(value)) }
    func encode(_ value: Double) throws { append(try ValueEncoder.number(value, path: here)) }
    func encode(_ value: Float) throws { append(try ValueEncoder.number(float: value, path: here)) }
    func encode(_ value: Int) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: Int8) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: Int16) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: Int32) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: Int64) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: UInt) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: UInt8) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: UInt16) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: UInt32) throws { append(.number(JSONNumber(value))) }
    func encode(_ value: UInt64) throws { append(.number(JSONNumber(value))) }
    func encode<Value: Encodable>(_ value: Value) throws { append(try ValueEncoder.encode(value, path: here)) }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        child().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }

    func superEncoder() -> any Encoder { child() }
}
