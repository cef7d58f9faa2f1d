/// `commandEnded`: a command that a tool call left running in the background has ended.
public struct CommandEnded: Codable, Sendable, Equatable {
    /// The tool call that started it; `outputDelta` events name it also after that call is completed.
    public var itemId: String
    /// What the model calls it.
    public var commandId: String
    public var command: CommandResult

    public init(itemId: String, commandId: String, command: CommandResult) {
        self.itemId = itemId
        self.commandId = commandId
        self.command = command
    }
}
