/// A single value under construction.
struct SingleValueEncoding: SingleValueEncodingContainer {
    let node: EncodingNode
    let path: CodingPath

    var codingPath: [any CodingKey] { path.keys }

    private func set(_ value: JSON) { node.content = .value(value) }

    func encodeNil() throws { set(.null) }
    func encode(_ value: Bool) throws { set(.bool(value)) }
    func encode(_ value: String) throws { set(.string(value)) }
    func encode(_ value: Double) throws { set(try ValueEncoder.number(value, path: path)) }
    func encode(_ value: Float) throws { set(try ValueEncoder.number(float: value, path: path)) }
    func encode(_ value: Int) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: Int8) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: Int16) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: Int32) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: Int64) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: UInt) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: UInt8) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: UInt16) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: UInt32) throws { set(.number(JSONNumber(value))) }
    func encode(_ value: UInt64) throws { set(.number(JSONNumber(value))) }
    func encode<Value: Encodable>(_ value: Value) throws { set(try ValueEncoder.encode(value, path: path)) }
}
