/// `checkStarted`: a check begins.
public struct CheckStarted: Codable, Sendable, Equatable {
    public var itemId: String
    public var name: String
    public var command: [String]

    public init(itemId: String, name: String, command: [String]) {
        self.itemId = itemId
        self.name = name
        self.command = command
    }
}
