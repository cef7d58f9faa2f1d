/// `messageStarted`: the model begins a text.
public struct MessageStarted: Codable, Sendable, Equatable {
    public var itemId: String

    public init(itemId: String) {
        self.itemId = itemId
    }
}
