import JSON

/// One turn asked of a model: everything it is to know, and what it may do.
public struct ModelRequest: Sendable, Equatable {
    /// Name of the model, or nil for the one that the provider was configured with.
    public var model: String?
    /// System prompt; empty for none.
    public var system: String
    /// The whole conversation, oldest first. The provider keeps no history of its own.
    public var messages: [ModelMessage]
    /// Tools on offer in this turn.
    public var tools: [ToolDefinition]
    /// Upper bound of tokens that the model may produce in this turn; nil for the provider's configured one.
    public var maximumOutputTokens: Int?
    /// Stable name of the conversation, the same for every turn of it: prompt caches, recordings and replays go by it.
    public var sessionKey: String
    /// Absolute path of the workspace as the conversation names it. Recordings hold `${WORKSPACE}` instead,
    /// so that one plays in any folder; other providers ignore it.
    public var workspacePath: String?

    public init(
        model: String? = nil,
        system: String = "",
        messages: [ModelMessage],
        tools: [ToolDefinition] = [],
        maximumOutputTokens: Int? = nil,
        sessionKey: String,
        workspacePath: String? = nil
    ) {
        self.model = model
        self.system = system
        self.messages = messages
        self.tools = tools
        self.maximumOutputTokens = maximumOutputTokens
        self.sessionKey = sessionKey
        self.workspacePath = workspacePath
    }
}

/// A tool on offer: its name, what it is for, and the JSON Schema of its arguments.
public struct ToolDefinition: Sendable, Equatable {
    /// Name that the model calls it by: letters, digits, `_` and `-`, at most 64.
    public var name: String
    /// What the tool does and when to use it, for the model to read.
    public var description: String
    /// JSON Schema of the arguments; its `type` is `object`.
    public var parameters: JSON

    public init(name: String, description: String, parameters: JSON) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}
