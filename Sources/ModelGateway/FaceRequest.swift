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

    /// Tokens of the request, estimated: four bytes each, which is true of English within a quarter, and 1,600 for a
    /// picture.
    var estimatedTokens: Int {
        var bytes = system.utf8.count
        var pictures = 0
        for tool in tools {
            bytes += tool.name.utf8.count + tool.description.utf8.count + tool.parameters.serialized().count
        }
        for message in messages {
            bytes += 16
            for block in message.content {
                switch block {
                case .text(let text): bytes += text.utf8.count
                case .reasoning(let reasoning): bytes += reasoning.text.utf8.count
                case .toolCall(let call): bytes += call.name.utf8.count + call.arguments.serialized().count
                case .toolResult(let result):
                    bytes += result.text.utf8.count
                    pictures += result.images.count
                case .image: pictures += 1
                }
            }
        }
        return (bytes + 3) / 4 + pictures * 1600
    }
}
