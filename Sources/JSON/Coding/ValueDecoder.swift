/// A `Decoder` over one value.
struct ValueDecoder: Decoder {
    let value: JSON
    let path: CodingPath

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw DecodingError.mismatch("an object", value, at: codingPath) }
        return KeyedDecodingContainer(KeyedValueDecoding(object: object, path: path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw DecodingError.mismatch("an array", value, at: codingPath) }
        return UnkeyedValueDecoding(elements: elements, path: path)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        SingleValueDecoding(value: value, path: path)
    }

    /// Decodes any type; the JSON types themselves are passed on without a detour through `Codable`.
    static func decode<Value: Decodable>(_ type: Value.Type, from json: JSON, path: CodingPath) throws -> Value {
        if type == JSON.self, let value = json as? Value { return value }
        do {
            return try Value(from: ValueDecoder(value: json, path: path))
        } catch let error as DecodingError {
            throw error
        } catch {
            // Errors of a type's own `init(from:)` know no path; here it is still known.
            throw JSONDecodingError(wrapping: error, path: path)
        }
    }
}

/// The conversions of single values, shared by the three containers.
enum ScalarDecoding {
    static func bool(_ value: JSON, _ path: @autoclosure () -> CodingPath) throws -> Bool {
        guard case .bool(let result) = value else { throw DecodingError.mismatch("a boolean", value, at: path().keys) }
        return result
    }

    static func string(_ value: JSON, _ path: @autoclosure () -> CodingPath) throws -> String {
        guard case .string(let result) = value else { throw DecodingError.mismatch("a string", value, at: path().keys) }
        return result
    }

    static func integer<Value: FixedWidthInteger>(
        _ value: JSON, _ path: @autoclosure () -> CodingPath
    ) throws -> Value {
        guard case .number(let number) = value else { throw DecodingError.mismatch("a number", value, at: path().keys) }
        guard let result = number.integer(as: Value.self) else {
            throw unfit(number, "a whole number from \(Value.min) to \(Value.max)", path())
        }
        return result
    }

    static func float<Value: BinaryFloatingPoint>(
        _ value: JSON, _ path: @autoclosure () -> CodingPath
    ) throws -> Value {
        guard case .number(let number) = value else { throw DecodingError.mismatch("a number", value, at: path().keys) }
        guard let result = number.double.map({ Value($0) }), result.isFinite else {
            throw unfit(number, "a number within the range of \(Value.self)", path())
        }
        return result
    }

    private static func unfit(_ number: JSONNumber, _ expected: String, _ path: CodingPath) -> DecodingError {
        /// Literals may be megabytes long.
        let shown = number.literal.utf8.count <= 40 ? number.literal : "\(number.literal.prefix(40))…"
        return .dataCorrupted(.init(codingPath: path.keys, debugDescription: "expected \(expected), found \(shown)"))
    }
}
