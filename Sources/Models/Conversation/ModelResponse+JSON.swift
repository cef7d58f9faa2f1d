import JSON

extension ModelResponse {
    public var json: JSON {
        var json: JSON = [
            "model": .string(model), "content": .array(content.map(\.json)), "stopReason": .string(stopReason.name),
            "usage": usage.json,
        ]
        json["answeredBy"] = answeredBy.map(JSON.string)
        return json
    }

    public init(json: JSON) throws(ConversationFormatError) {
        let content = try ContentBlock.blocks(json["content"])
        let hasCalls = content.contains { if case .toolCall = $0 { true } else { false } }
        self.init(
            model: json["model"]?.stringValue ?? "recorded", content: content,
            stopReason: json["stopReason"]?.stringValue.map(StopReason.init(name:)) ?? (hasCalls ? .toolUse : .endTurn),
            usage: ModelUsage(json: json["usage"] ?? .null), answeredBy: json["answeredBy"]?.stringValue)
    }
}

extension StopReason {
    /// Name of the reason in events, logs and recordings.
    public var name: String {
        switch self {
        case .endTurn: "endTurn"
        case .toolUse: "toolUse"
        case .maximumTokens: "maximumTokens"
        case .refusal: "refusal"
        case .other(let text): text
        }
    }

    public init(name: String) {
        switch name {
        case "endTurn": self = .endTurn
        case "toolUse": self = .toolUse
        case "maximumTokens": self = .maximumTokens
        case "refusal": self = .refusal
        default: self = .other(name)
        }
    }
}

extension ModelUsage {
    public var json: JSON {
        [
            "input": .number(JSONNumber(input)), "output": .number(JSONNumber(output)),
            "cacheRead": .number(JSONNumber(cacheRead)), "cacheWrite": .number(JSONNumber(cacheWrite)),
            "reasoning": .number(JSONNumber(reasoning)),
        ]
    }

    /// Counts that are missing are 0.
    public init(json: JSON) {
        self.init(
            input: Self.count(json["input"]), output: Self.count(json["output"]),
            cacheRead: Self.count(json["cacheRead"]), cacheWrite: Self.count(json["cacheWrite"]),
            reasoning: Self.count(json["reasoning"]))
    }
}
