import JSON

/// Tokens before a provider has counted them.
public enum TokenEstimate {
    /// Of a picture, as vendors count one of usual size.
    private static let picture = 1600
    /// Bytes that a message takes beside its contents.
    private static let frame = 16

    /// Four bytes each, which is right for English and code within a third, and too little for scripts that take more.
    public static func tokens(system: String, messages: [ModelMessage], tools: [ToolDefinition] = []) -> Int {
        var bytes = system.utf8.count
        var pictures = 0
        for tool in tools {
            bytes += tool.name.utf8.count + tool.description.utf8.count + tool.parameters.serialized().count
        }
        for message in messages {
            bytes += frame
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
        return (bytes + 3) / 4 + pictures * picture
    }
}
