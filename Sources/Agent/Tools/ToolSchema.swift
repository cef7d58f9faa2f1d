import JSON
import Models

/// Builds the JSON Schema of a tool's arguments.
enum ToolSchema {
    static func object(_ properties: [(String, JSON)], required: [String]) -> JSON {
        var all = JSONObject()
        for (name, schema) in properties { all[name] = schema }
        return [
            "type": "object", "properties": .object(all), "required": .array(required.map(JSON.string)),
            "additionalProperties": false,
        ]
    }

    static func string(_ description: String) -> JSON { ["type": "string", "description": .string(description)] }
    static func integer(_ description: String) -> JSON { ["type": "integer", "description": .string(description)] }
    static func boolean(_ description: String) -> JSON { ["type": "boolean", "description": .string(description)] }
    static func strings(_ description: String) -> JSON {
        ["type": "array", "items": ["type": "string"], "minItems": 1, "description": .string(description)]
    }
}
