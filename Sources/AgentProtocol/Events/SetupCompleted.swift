/// `setupCompleted`: the end of a command that prepares the environment. After one that failed the session fails.
public struct SetupCompleted: Codable, Sendable, Equatable {
    public var itemId: String
    public var result: CommandResult

    public init(itemId: String, result: CommandResult) {
        self.itemId = itemId
        self.result = result
    }
}
