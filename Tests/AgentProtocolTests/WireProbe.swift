import AgentProtocol
import JSON
import Testing

/// Learns the wire form of types from their own `init(from:)`: it answers everything that they ask for and takes down
/// what that was. What comes out are sample values and the definitions of all types met on the way.
final class WireProbe {
    enum Optionals: CaseIterable { case present, absent }

    let optionals: Optionals
    private(set) var definitions: [String: WireDefinition] = [:]

    init(optionals: Optionals = .present) { self.optionals = optionals }

    /// A sample value of a type and how others refer to it.
    func sample<Value: Decodable>(_ type: Value.Type) throws -> (value: Value, shape: WireShape) {
        if let value = JSON.object(["key": ["value", 1, nil]]) as? Value { return (value, .any) }
        if let value = "text" as? Value { return (value, .string) }
        if let value = 1 as? Value { return (value, .integer) }
        if let value = true as? Value { return (value, .boolean) }
        if let value = AgentEvent.messageStarted(MessageStarted(itemId: "text")) as? Value {
            return (value, .named("AgentEvent"))
        }
        if let cases = type as? any CaseIterable.Type { return try enumeration(cases) }
        let record = Record()
        let value = try Value(from: ProbeDecoder(probe: self, record: record))
        if let element = record.element { return (value, .array(element)) }
        let name = Self.name(of: type)
        definitions[name] = .object(record.members)
        return (value, .named(name))
    }

    /// A sample of an event, with the name of its definition.
    func event(_ type: String) throws -> (value: AgentEvent, definition: String) {
        let record = Record()
        let value = try AgentEvent(from: ProbeDecoder(probe: self, record: record, eventType: type))
        let payload = try #require(Mirror(reflecting: value).children.first?.value, "\(type) carries nothing")
        let name = Self.name(of: Swift.type(of: payload))
        definitions[name] = .object(record.members)
        return (value, name)
    }

    private func enumeration<Cases: CaseIterable, Value>(_ cases: Cases.Type) throws -> (Value, WireShape) {
        let values = Cases.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
        let first = try #require(Cases.allCases.first as? Value)
        let name = Self.name(of: cases)
        definitions[name] = .enumeration(values)
        return (first, .named(name))
    }

    /// `AgentProtocol.AgentStart.Params` is `AgentStartParams` in the schema.
    private static func name(of type: any Any.Type) -> String {
        String(reflecting: type).split(separator: ".").dropFirst().joined()
    }

    /// What one value asked its decoder for.
    final class Record {
        var members: [String: WireMember] = [:]
        var element: WireShape?
    }
}

/// What the probe cannot answer.
private struct Unsupported: Error { var what: String }

private struct ProbeDecoder: Decoder {
    let probe: WireProbe
    let record: WireProbe.Record
    /// The answer to the `type` of an event.
    var eventType: String?
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ProbeMembers(decoder: self))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer { ProbeElements(decoder: self) }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        throw Unsupported(what: "a type of our own that is a single value")
    }
}

private struct ProbeMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: ProbeDecoder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let (value, shape) = try decoder.probe.sample(type)
        decoder.record.members[key.stringValue] = WireMember(shape: shape, isOptional: false)
        if key.stringValue == "type", let given = decoder.eventType as? Value { return given }
        return value
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        let (value, shape) = try decoder.probe.sample(type)
        decoder.record.members[key.stringValue] = WireMember(shape: shape, isOptional: true)
        return decoder.probe.optionals == .present ? value : nil
    }

    // The protocol has a requirement for each of these types, with a body that would pass the probe by.
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }

    private func optional<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
        let value: Value? = try decodeIfPresent(type, forKey: key)
        return value
    }

    /// Only those bodies ask.
    func contains(_ key: Key) -> Bool {
        Issue.record("\(key.stringValue) has a type that the probe does not know")
        return false
    }

    func decodeNil(forKey key: Key) throws -> Bool { throw Unsupported(what: "decodeNil") }
    func superDecoder() throws -> any Decoder { throw Unsupported(what: "superDecoder") }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw Unsupported(what: "superDecoder") }
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw Unsupported(what: "nestedContainer") }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw Unsupported(what: "nestedUnkeyedContainer")
    }
}

/// An array of one element.
private struct ProbeElements: UnkeyedDecodingContainer {
    let decoder: ProbeDecoder
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex == 1 }

    init(decoder: ProbeDecoder) { self.decoder = decoder }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (value, shape) = try decoder.probe.sample(type)
        decoder.record.element = shape
        currentIndex = 1
        return value
    }

    mutating func decodeNil() throws -> Bool { throw Unsupported(what: "decodeNil") }
    mutating func superDecoder() throws -> any Decoder { throw Unsupported(what: "superDecoder") }
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { throw Unsupported(what: "nestedContainer") }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw Unsupported(what: "nestedUnkeyedContainer")
    }
}
