import AgentProtocol
import JSON

/// What a Swift type looks like on the wire.
indirect enum WireShape: Equatable, CustomStringConvertible {
    case string, integer, boolean, any
    case array(WireShape)
    /// An object, enumeration or union with a definition of its own.
    case named(String)

    var description: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .boolean: "boolean"
        case .any: "any"
        case .array(let element): "[\(element)]"
        case .named(let name): name
        }
    }
}

/// A member of an object.
struct WireMember: Equatable, CustomStringConvertible {
    var shape: WireShape
    var isOptional: Bool

    var description: String { "\(shape)\(isOptional ? "?" : "")" }
}

/// A definition, as Swift or as the schema has it.
enum WireDefinition: Equatable {
    case object([String: WireMember])
    case enumeration([String])
}

extension WireDefinition {
    /// - Returns: nil for what is neither an object nor an enumeration.
    init?(schema: JSON) {
        if let values = schema["enum"]?.arrayValue {
            self = .enumeration(values.compactMap(\.stringValue))
            return
        }
        guard schema["type"] == "object" else { return nil }
        let required = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
        var members: [String: WireMember] = [:]
        for (name, property) in schema["properties"]?.objectValue ?? JSONObject() {
            guard let shape = WireShape(schema: property) else { return nil }
            members[name] = WireMember(shape: shape, isOptional: !required.contains(name))
        }
        self = .object(members)
    }
}

extension WireShape {
    init?(schema: JSON) {
        if let reference = schema["$ref"]?.stringValue {
            self = .named(String(reference.dropFirst("#/$defs/".count)))
            return
        }
        if schema["const"]?.stringValue != nil {
            self = .string
            return
        }
        switch schema["type"] {
        case nil: self = .any
        case "string": self = .string
        case "integer": self = .integer
        case "boolean": self = .boolean
        case "array":
            guard let items = schema["items"], let element = WireShape(schema: items) else { return nil }
            self = .array(element)
        default: return nil
        }
    }
}
