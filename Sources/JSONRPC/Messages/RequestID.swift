import JSON

/// The id of a request, echoed exactly as it came: `1`, `1.0` and `"1"` are three ids.
public enum RequestID: Sendable, Hashable {
    case number(JSONNumber)
    case string(String)
    /// Only in error replies to messages whose id could not be read, and in requests of sloppy peers.
    case null

    /// The id in a message; nil for a value that JSON-RPC does not allow as an id.
    public init?(_ json: JSON) {
        switch json {
        case .number(let number): self = .number(number)
        case .string(let string): self = .string(string)
        case .null: self = .null
        case .bool, .array, .object: return nil
        }
    }

    /// The id as it stands in a message.
    public var json: JSON {
        switch self {
        case .number(let number): .number(number)
        case .string(let string): .string(string)
        case .null: .null
        }
    }
}

extension RequestID: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(stringLiteral value: String) { self = .string(value) }
}

extension RequestID: CustomStringConvertible {
    public var description: String { json.text }
}
