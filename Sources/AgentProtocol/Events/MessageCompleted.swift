/// `messageCompleted`: the whole text; it replaces the deltas.
public struct MessageCompleted: Codable, Sendable, Equatable {
    public var itemId: String
    public var text: String

    public init(itemId: String, text: String) {
        self.itemId = itemId
        self.text = text
    }
}
