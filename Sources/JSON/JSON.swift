/// One JSON value (RFC 8259).
///
/// Numbers keep their literal and objects keep their order, so parsing and writing a text again loses nothing but
/// white space. Two values are equal when they have the same structure, strings of the same Unicode scalars
/// (no normalisation: Swift's `String` equality would call `"é"` and `"e\u{301}"` equal), and numbers of the same
/// literal; the order of an object's members does not count.
public enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON {
    /// Whether this is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The string, or nil when this is something else.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The number as an `Int`; nil when this is no number, or one that is not a whole number in range.
    public var intValue: Int? {
        if case .number(let value) = self { value.int } else { nil }
    }

    /// The number as the nearest `Double`; nil when this is no number, or beyond the range of `Double`.
    public var doubleValue: Double? {
        if case .number(let value) = self { value.double } else { nil }
    }

    /// The boolean, or nil when this is something else.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements, or nil when this is no array.
    public var arrayValue: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, or nil when this is no object.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of an object. Reading gives nil when this is no object or has no such member; setting nil removes
    /// the member; setting on anything but an object does nothing.
    public subscript(key: String) -> JSON? {
        get {
            if case .object(let object) = self { object[key] } else { nil }
        }
        set {
            guard case .object(var object) = self else { return }
            self = .null  // Lets `object` be the only owner, so that the change is made in place.
            object[key] = newValue
            self = .object(object)
        }
    }

    /// The element of an array; nil when this is no array or the index is out of range.
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The kind of value with its article, for error messages: "a string".
    public var kindDescription: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSON: CustomStringConvertible {
    /// The compact text.
    public var description: String { text }
}
