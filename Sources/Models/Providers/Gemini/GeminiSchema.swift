import JSON

/// Brings a JSON Schema down to the part of it that Gemini's function declarations take; what it does not know makes
/// it refuse the whole request.
enum GeminiSchema {
    private static let plainKeys: Set<String> = [
        "title", "description", "nullable", "maxItems", "minItems", "minProperties", "maxProperties", "minLength",
        "maxLength", "pattern", "example", "default", "minimum", "maximum",
    ]
    private static let formats: [String: Set<String>] = [
        "string": ["enum", "date-time"], "number": ["float", "double"], "integer": ["int32", "int64"],
    ]
    /// Deeper schemas are cut: they come from servers that we do not trust.
    private static let maximumDepth = 24

    /// The schema of a tool's arguments, or nil for a tool without any, which is how the API wants it.
    static func parameters(_ schema: JSON) -> JSON? {
        guard schema["properties"]?.objectValue?.isEmpty == false else { return nil }
        return cleaned(schema, depth: 0)
    }

    private static func cleaned(_ schema: JSON, depth: Int) -> JSON {
        guard let object = schema.objectValue, depth < maximumDepth else { return ["type": "string"] }
        var result = JSONObject()
        var type = schema["type"]?.stringValue
        if let types = schema["type"]?.arrayValue {
            let names = types.compactMap(\.stringValue)
            type = names.first { $0 != "null" }
            if names.contains("null") { result["nullable"] = true }
        }
        if type == nil, schema["properties"] != nil { type = "object" }
        result["type"] = type.map(JSON.string)
        for (key, value) in object {
            switch key {
            case let key where plainKeys.contains(key):
                result[key] = value
            case "format":
                if let name = value.stringValue, formats[type ?? ""]?.contains(name) ?? false { result[key] = value }
            case "enum":
                let names = (value.arrayValue ?? []).filter { $0.stringValue?.isEmpty == false }
                if type ?? "string" == "string", !names.isEmpty {
                    result["type"] = "string"
                    result[key] = .array(names)
                }
            case "const":
                if value.stringValue?.isEmpty == false {
                    result["type"] = "string"
                    result["enum"] = [value]
                }
            case "items":
                result[key] = cleaned(value, depth: depth + 1)
            case "anyOf", "oneOf":
                let choices = (value.arrayValue ?? []).filter { $0["type"]?.stringValue != "null" }
                if choices.count < value.arrayValue?.count ?? 0 { result["nullable"] = true }
                if !choices.isEmpty { result["anyOf"] = .array(choices.map { cleaned($0, depth: depth + 1) }) }
            case "properties":
                let members = (value.objectValue ?? JSONObject()).map { ($0.key, cleaned($0.value, depth: depth + 1)) }
                if !members.isEmpty { result[key] = .object(JSONObject(members)) }
            default:
                break  // additionalProperties, $ref and others
            }
        }
        // Names that are required must be there.
        let known = Set(result["properties"]?.objectValue?.keys ?? [])
        let required = (schema["required"]?.arrayValue ?? []).filter { $0.stringValue.map(known.contains) ?? false }
        if !required.isEmpty { result["required"] = .array(required) }
        if type == "array", result["items"] == nil { result["items"] = ["type": "string"] }
        return result.isEmpty ? ["type": "string"] : .object(result)
    }
}
