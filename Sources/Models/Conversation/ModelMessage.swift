import JSON

/// One message of a conversation.
public struct ModelMessage: Sendable, Equatable {
    /// Who speaks. Tool results are said by the user side.
    public enum Role: String, Sendable, Equatable {
        case user
        case assistant
    }

    public var role: Role
    public var content: [ContentBlock]

    public init(role: Role, content: [ContentBlock]) {
        self.role = role
        self.content = content
    }

    /// A user message of one text.
    public static func user(_ text: String) -> ModelMessage {
        ModelMessage(role: .user, content: [.text(text)])
    }

    /// A model's answer, to be put into the conversation exactly as it came.
    public static func assistant(_ content: [ContentBlock]) -> ModelMessage {
        ModelMessage(role: .assistant, content: content)
    }

    /// Results of the tool calls of the message before, in the order of the calls.
    public static func toolResults(_ results: [ToolResult]) -> ModelMessage {
        ModelMessage(role: .user, content: results.map(ContentBlock.toolResult))
    }
}

/// A part of a message.
public enum ContentBlock: Sendable, Equatable {
    case text(String)
    /// What the model thought; send it back unchanged in the next turn.
    case reasoning(Reasoning)
    case toolCall(ToolCall)
    case toolResult(ToolResult)
    /// A picture, said by the user side. A provider whose API takes none says in words that one was left out.
    case image(ImageContent)
}

/// What a model thought before it spoke.
public struct Reasoning: Sendable, Equatable {
    /// Readable reasoning; empty when the vendor withholds it.
    public var text: String
    /// Vendor's proof that the text is its own; without it the vendor refuses the text when it is sent back.
    public var signature: String?
    /// Encrypted reasoning that only the vendor can read.
    public var redactedData: String?
    /// Whose it is: the provider's name in ``ModelProvider/identifier``, without the model. Proofs and encrypted parts
    /// mean nothing to others, so a provider leaves out what is not its own. Nil in conversations of old, which were
    /// Anthropic's wherever they carry a proof.
    public var provider: String?

    public init(text: String, signature: String? = nil, redactedData: String? = nil, provider: String? = nil) {
        self.text = text
        self.signature = signature
        self.redactedData = redactedData
        self.provider = provider
    }
}

/// A model asks for a tool to be run.
public struct ToolCall: Sendable, Equatable {
    /// Identity of the call; the ``ToolResult`` names it.
    public var id: String
    public var name: String
    /// Arguments, always an object; empty when `malformed` is set. Not yet checked against the tool's schema.
    public var arguments: JSON
    /// The raw text of the arguments when it was not a JSON object. Answer such a call with an error result.
    public var malformed: String?

    public init(id: String, name: String, arguments: JSON, malformed: String? = nil) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.malformed = malformed
    }
}

/// What came of a tool call.
public struct ToolResult: Sendable, Equatable {
    public var callID: String
    /// What the model reads; the caller has capped it.
    public var text: String
    public var isError: Bool
    /// Pictures that belong to it, after the text.
    public var images: [ImageContent]

    public init(callID: String, text: String, isError: Bool = false, images: [ImageContent] = []) {
        self.callID = callID
        self.text = text
        self.isError = isError
        self.images = images
    }
}
