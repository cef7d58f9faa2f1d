/// Converts between `JSON` values and `Codable` types.
///
/// Optionals that are nil are left out, unknown keys are ignored, an integer accepts any number that is whole
/// (`3`, `3.0`), and a property of type `JSON` passes through untouched.
public enum JSONCoder {
    /// Decodes a value.
    /// - Throws: `JSONDecodingError`, which names the place in the value.
    public static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self, from json: JSON
    ) throws(JSONDecodingError) -> Value {
        do {
            return try ValueDecoder.decode(type, from: json, path: .root)
        } catch {
            throw JSONDecodingError(wrapping: error, path: .root)
        }
    }

    /// Encodes a value. A type that encodes nothing gives `{}`.
    /// - Throws: `EncodingError.invalidValue` for a number that JSON cannot hold (infinity, NaN), and whatever the
    ///   value's own `encode(to:)` throws.
    public static func encode(_ value: some Encodable) throws -> JSON {
        try ValueEncoder.encode(value, path: .root)
    }
}
