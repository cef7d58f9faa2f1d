/// `reasoningDelta`: more of the reasoning.
public struct ReasoningDelta: Codable, Sendable, Equatable {
    public var itemId: String
    public var text: String

    public init(itemId: String, text: String) {
        self.itemId = itemId
        self.text = text
    }
}
