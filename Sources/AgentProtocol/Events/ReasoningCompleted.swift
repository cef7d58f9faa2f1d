/// `reasoningCompleted`: the whole reasoning; it replaces the deltas.
public struct ReasoningCompleted: Codable, Sendable, Equatable {
    public var itemId: String
    public var text: String

    public init(itemId: String, text: String) {
        self.itemId = itemId
        self.text = text
    }
}
