import JSON
import Models

/// What a program asked for, whichever API it speaks.
struct FaceRequest: Equatable {
    /// As the program wrote it; untrusted.
    var model = ""
    var system = ""
    var messages: [ModelMessage] = []
    var tools: [ToolDefinition] = []
    var maximumOutputTokens: Int?
    var isStreamed = false
    /// Whether the program shows what the model thinks.
    var showsReasoning = false
    /// Whether a stream of Chat Completions ends with the usage.
    var includesUsage = false
    /// Settings of sampling that the session's models decide by themselves; the answer's head names them.
    var ignored: [String] = []

    /// Appends to the last message where the same side speaks on.
    mutating func say(_ role: ModelMessage.Role, _ blocks: [ContentBlock]) {
        guard !blocks.isEmpty else { return }
        if messages.last?.role == role {
            messages[messages.count - 1].content += blocks
        } else {
            messages.append(ModelMessage(role: role, content: blocks))
        }
    }

    /// Adds to the system prompt, as a paragraph.
    mutating func instruct(_ text: String) {
        guard !text.isEmpty else { return }
        system += system.isEmpty ? text : "\n\n" + text
    }

    /// - Throws: when there is nothing to answer.
    func checked() throws(GatewayFailure) -> FaceRequest {
        guard let last = messages.last else { throw .invalid("messages: at least one message is required") }
        guard last.role == .user else {
            throw .unsupported("a conversation that ends with the assistant's words (prefilling)")
        }
        return self
    }

    /// Before a model has counted them.
    var estimatedTokens: Int { TokenEstimate.tokens(system: system, messages: messages, tools: tools) }
}
