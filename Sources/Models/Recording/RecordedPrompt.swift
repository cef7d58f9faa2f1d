import JSON

/// What a user said to a session, in its place among the calls.
public struct RecordedPrompt: Sendable, Equatable {
    public var text: String
    /// Into the running turn, rather than after it.
    public var steers: Bool
    /// The further members of `agent/prompt` (`context`, `model`, `keepModel`), as they came.
    public var more: JSON

    public init(text: String, steers: Bool, more: JSON = [:]) {
        self.text = text
        self.steers = steers
        self.more = more
    }

    func json(_ names: TrafficNames) -> JSON {
        [
            "type": "prompt", "text": .string(names.record(text)), "steers": .bool(steers),
            "more": names.record(more),
        ]
    }

    init(json: JSON) throws(ConversationFormatError) {
        guard let text = json["text"]?.stringValue else {
            throw ConversationFormatError(description: "a prompt lacks the text 'text'")
        }
        self.init(text: text, steers: json["steers"]?.boolValue ?? false, more: json["more"] ?? [:])
    }
}
