/// `toolCallCompleted`: a tool call has ended.
public struct ToolCallCompleted: Codable, Sendable, Equatable {
    public var itemId: String
    public var status: ToolCallStatus
    /// What the model is told, capped.
    public var text: String
    /// With `run` and `shell`.
    public var command: CommandResult?

    public init(itemId: String, status: ToolCallStatus, text: String, command: CommandResult? = nil) {
        self.itemId = itemId
        self.status = status
        self.text = text
        self.command = command
    }
}
