/// A JSON number that keeps its literal: `1e400`, `-0` and integers of thirty digits survive a round trip.
///
/// Equality is of the literal, so `1` and `1.0` differ; compare `int` or `double` for the numeric value.
public struct JSONNumber: Sendable, Hashable {
    /// The number as written in JSON; always valid by the grammar of RFC 8259 section 6, except for a number made
    /// from a non-finite `Double`, whose literal is `null`.
    public let literal: String

    /// A literal that the parser has checked.
    init(validated literal: String) {
        self.literal = literal
    }

    /// A whole number.
    public init(_ value: some FixedWidthInteger) {
        literal = String(value)
    }

    /// A binary floating point number in its shortest form that reads back equal; whole numbers are written without
    /// a fraction. JSON has no infinity and no NaN: they are written as `null` (`JSONCoder.encode` throws instead).
    public init(_ value: Double) {
        /// Above 2^53 neighbouring whole numbers are no longer distinct; the exponent form says so.
        let largestExactInteger = 9_007_199_254_740_992.0
        guard value.isFinite else {
            literal = "null"
            return
        }
        if value == value.rounded(), abs(value) <= largestExactInteger, !(value == 0 && value.sign == .minus) {
            literal = String(Int64(value))
        } else {
            literal = value == 0 ? "-0" : value.description
        }
    }

    /// A number from its literal; nil when the text is not a JSON number.
    public init?(literal: String) {
        var text = literal
        let isValid = text.withUTF8 { bytes in
            NumberGrammar.length(of: bytes, from: 0) == bytes.count
        }
        guard isValid else { return nil }
        self.literal = literal
    }

    /// The value as an `Int`, when it is a whole number in range. `3`, `3.0` and `30e-1` all give 3.
    public var int: Int? { integer() }

    /// The nearest `Double`; nil beyond its range (`1e400`).
    public var double: Double? {
        guard let value = Double(literal), value.isFinite else { return nil }
        return value
    }

    /// The value as a given integer type, when it is a whole number in that type's range. Exact: no detour through
    /// `Double`.
    public func integer<Value: FixedWidthInteger>(as type: Value.Type = Value.self) -> Value? {
        if let value = Value(literal) { return value }
        return NumberGrammar.plainInteger(literal).flatMap { Value($0) }
    }
}
