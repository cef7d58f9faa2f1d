/// `toolCallStarted`: the model calls a tool.
public struct ToolCallStarted: Codable, Sendable, Equatable {
    public var itemId: String
    public var tool: String
    /// One line for people: `Run: make`.
    public var title: String
    public var arguments: JSONValue

    public init(itemId: String, tool: String, title: String, arguments: JSONValue) {
        self.itemId = itemId
        self.tool = tool
        self.title = title
        self.arguments = arguments
    }
}
