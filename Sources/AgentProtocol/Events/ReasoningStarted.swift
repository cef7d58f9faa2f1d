/// `reasoningStarted`: the model begins to reason.
public struct ReasoningStarted: Codable, Sendable, Equatable {
    public var itemId: String

    public init(itemId: String) {
        self.itemId = itemId
    }
}
