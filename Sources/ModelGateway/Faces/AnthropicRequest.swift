import JSON
import Models

/// `POST /v1/messages` and `/v1/messages/count_tokens` of the Anthropic API.
enum AnthropicRequest {
    /// - Parameter counts: whether only tokens are counted, for which no `max_tokens` is asked.
    static func read(_ json: JSON, counts: Bool = false) throws(GatewayFailure) -> FaceRequest {
        let fields = try Fields(json, at: "")
        var request = FaceRequest()
        request.model = try fields.name("model")
        request.isStreamed = try fields.flag("stream")
        request.maximumOutputTokens = try fields.positive("max_tokens")
        guard counts || request.maximumOutputTokens != nil else { throw .invalid("max_tokens: field required") }
        try fields.refuse(["stop_sequences", "mcp_servers", "container", "output_format", "output_config"])
        request.ignored = fields.present(["temperature", "top_p", "top_k"])
        if let thinking = fields["thinking"] {
            request.showsReasoning = thinking["type"]?.stringValue != "disabled"
        }
        if let system = fields["system"] {
            if let text = system.stringValue {
                request.instruct(text)
            } else {
                for block in try fields.list("system") { request.instruct(try block.text("text")) }
            }
        }
        for tool in try fields.list("tools", most: ModelGatewayLimits.maximumTools) {
            request.tools.append(try definition(tool))
        }
        try readChoice(fields, &request)
        for message in try fields.list("messages") {
            let blocks = try content(message)
            switch try message.text("role") {
            case "user": request.say(.user, blocks)
            case "assistant": request.say(.assistant, blocks)
            case let role: throw .invalid("\(message.place("role")): unknown role '\(role.prefix(32))'")
            }
        }
        return try request.checked()
    }

    private static func definition(_ tool: Fields) throws(GatewayFailure) -> ToolDefinition {
        if let type = try tool.optionalText("type"), type != "custom" {
            throw .unsupported("\(tool.path): the vendor's own tool '\(type.prefix(64))'")
        }
        return ToolDefinition(
            name: try tool.name("name"), description: try tool.optionalText("description") ?? "",
            parameters: tool["input_schema"] ?? ["type": "object"])
    }

    private static func readChoice(_ fields: Fields, _ request: inout FaceRequest) throws(GatewayFailure) {
        guard let value = fields["tool_choice"] else { return }
        let choice = try Fields(value, at: "tool_choice")
        if try choice.flag("disable_parallel_tool_use") { throw .unsupported("tool_choice.disable_parallel_tool_use") }
        switch try choice.text("type") {
        case "auto": break
        case "none": request.tools = []
        case let type: throw .unsupported("tool_choice '\(type.prefix(32))'")
        }
    }

    private static func content(_ message: Fields) throws(GatewayFailure) -> [ContentBlock] {
        if let text = message["content"]?.stringValue { return text.isEmpty ? [] : [.text(text)] }
        guard message["content"] != nil else { throw .invalid("\(message.place("content")): field required") }
        var blocks: [ContentBlock] = []
        for block in try message.list("content") {
            switch try block.text("type") {
            case "text":
                let text = try block.text("text")
                if !text.isEmpty { blocks.append(.text(text)) }
            case "image": blocks.append(.image(try image(block)))
            case "tool_use":
                guard let input = block["input"], input.objectValue != nil else {
                    throw .invalid("\(block.place("input")): must be an object")
                }
                blocks.append(
                    .toolCall(ToolCall(id: try block.name("id"), name: try block.name("name"), arguments: input)))
            case "tool_result": blocks.append(.toolResult(try result(block)))
            // The gateway puts back what the model thought; a program could forge it.
            case "thinking", "redacted_thinking": break
            case let type: throw .unsupported("\(block.path): a block of type '\(type.prefix(64))'")
            }
        }
        return blocks
    }

    private static func image(_ block: Fields) throws(GatewayFailure) -> ImageContent {
        let source = try Fields(block["source"] ?? .null, at: block.place("source"))
        guard try source.text("type") == "base64" else {
            throw .unsupported("\(source.path): a picture by its address")
        }
        guard let image = ImageContent(mediaType: try source.text("media_type"), base64: try source.text("data")) else {
            throw .invalid("\(source.path): must be Base64 of a PNG, JPEG, GIF or WebP picture")
        }
        return image
    }

    private static func result(_ block: Fields) throws(GatewayFailure) -> ToolResult {
        var result = ToolResult(
            callID: try block.name("tool_use_id"), text: block["content"]?.stringValue ?? "",
            isError: try block.flag("is_error"))
        guard block["content"]?.stringValue == nil else { return result }
        for part in try block.list("content") {
            switch try part.text("type") {
            case "text": result.text += (result.text.isEmpty ? "" : "\n") + (try part.text("text"))
            case "image": result.images.append(try image(part))
            case let type: throw .unsupported("\(part.path): a block of type '\(type.prefix(64))'")
            }
        }
        return result
    }
}
