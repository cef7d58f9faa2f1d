import JSON

/// An event as a recording holds it: one member that names its kind, beside `at`.
///
/// `{"text": "…"}`, `{"reasoning": "…"}`, `{"call": {block}}`, `{"retrying": {"reason", "delay"}}`, `{"switched":
/// {"from", "to", "reason"}}`, `{"completed": {response}}`. Times are in milliseconds.
extension ModelEvent {
    var json: JSON {
        switch self {
        case .textDelta(let text): return ["text": .string(text)]
        case .reasoningDelta(let text): return ["reasoning": .string(text)]
        case .toolCall(let call): return ["call": ContentBlock.toolCall(call).json]
        case .retrying(let reason, let delay):
            return ["retrying": ["reason": .string(reason), "delay": .number(JSONNumber(delay.milliseconds))]]
        case .switched(let change):
            return [
                "switched": [
                    "from": .string(change.from), "to": .string(change.to), "reason": .string(change.reason),
                ]
            ]
        case .completed(let response): return ["completed": response.json]
        }
    }

    init(json: JSON) throws(ConversationFormatError) {
        if let text = json["text"]?.stringValue {
            self = .textDelta(text)
        } else if let text = json["reasoning"]?.stringValue {
            self = .reasoningDelta(text)
        } else if let block = json["call"] {
            guard case .toolCall(let call) = try ContentBlock(json: block) else {
                throw ConversationFormatError(description: "an event's 'call' is no toolCall block")
            }
            self = .toolCall(call)
        } else if let retrying = json["retrying"] {
            self = .retrying(
                reason: retrying["reason"]?.stringValue ?? "", delay: .recorded(retrying["delay"]) ?? .zero)
        } else if let change = json["switched"] {
            guard let from = change["from"]?.stringValue, let to = change["to"]?.stringValue else {
                throw ConversationFormatError(description: "an event's 'switched' lacks 'from' or 'to'")
            }
            self = .switched(ModelSwitch(from: from, to: to, reason: change["reason"]?.stringValue ?? ""))
        } else if let response = json["completed"] {
            self = .completed(try ModelResponse(json: response))
        } else {
            throw ConversationFormatError(description: "an event of an unknown kind")
        }
    }
}

extension Duration {
    /// Whole milliseconds, at most a day.
    var milliseconds: Int { Int(max(0, min(self / .milliseconds(1), 86_400_000))) }

    /// A recorded time; nil when there is none that makes sense.
    static func recorded(_ json: JSON?) -> Duration? {
        guard let count = json?.intValue, (0...86_400_000).contains(count) else { return nil }
        return .milliseconds(count)
    }
}
