import JSON
import Models

/// `POST /v1/responses` of the OpenAI API. The gateway keeps no conversations: each request holds the whole one.
enum ResponsesRequest {
    static func read(_ json: JSON) throws(GatewayFailure) -> FaceRequest {
        let fields = try Fields(json, at: "")
        var request = FaceRequest()
        request.model = try fields.name("model")
        request.isStreamed = try fields.flag("stream")
        request.maximumOutputTokens = try fields.positive("max_output_tokens")
        try fields.refuse(["previous_response_id", "conversation", "background", "prompt", "max_tool_calls"])
        if let format = fields["text"]?["format"]?["type"]?.stringValue, format != "text" {
            throw .unsupported("text.format '\(format.prefix(32))'")
        }
        if fields["parallel_tool_calls"]?.boolValue == false { throw .unsupported("parallel_tool_calls: false") }
        request.ignored = fields.present(["temperature", "top_p", "reasoning"])
        request.instruct(try fields.optionalText("instructions") ?? "")
        for tool in try fields.list("tools", most: ModelGatewayLimits.maximumTools) {
            guard try tool.text("type") == "function" else {
                throw .unsupported("\(tool.path): a tool that is no function")
            }
            request.tools.append(try ChatRequest.definition(tool))
        }
        try ChatRequest.readChoice(fields["tool_choice"], &request)
        if let text = fields["input"]?.stringValue {
            request.say(.user, text.isEmpty ? [] : [.text(text)])
        } else {
            for item in try fields.list("input") { try read(item, &request) }
        }
        return try request.checked()
    }

    private static func read(_ item: Fields, _ request: inout FaceRequest) throws(GatewayFailure) {
        switch try item.optionalText("type") ?? "message" {
        case "message":
            let blocks = try content(item)
            switch try item.text("role") {
            case "user": request.say(.user, blocks)
            case "assistant": request.say(.assistant, blocks)
            case "system", "developer":
                guard request.messages.isEmpty else { return request.say(.user, blocks) }
                for case .text(let text) in blocks { request.instruct(text) }
            case let role: throw .unsupported("\(item.path): the role '\(role.prefix(32))'")
            }
        case "function_call":
            let (arguments, malformed) = Fields.arguments(try item.optionalText("arguments") ?? "")
            let call = ToolCall(
                id: try item.name("call_id"), name: try item.name("name"), arguments: arguments, malformed: malformed)
            request.say(.assistant, [.toolCall(call)])
        case "function_call_output": request.say(.user, [.toolResult(try output(item))])
        // The gateway puts back what the model thought; a program could forge it.
        case "reasoning": break
        case let type: throw .unsupported("\(item.path): an item of type '\(type.prefix(64))'")
        }
    }

    private static func output(_ item: Fields) throws(GatewayFailure) -> ToolResult {
        var result = ToolResult(callID: try item.name("call_id"), text: item["output"]?.stringValue ?? "")
        guard item["output"]?.stringValue == nil else { return result }
        for part in try item.list("output") {
            switch try block(part) {
            case .text(let text): result.text += (result.text.isEmpty ? "" : "\n") + text
            case .image(let image): result.images.append(image)
            default: break
            }
        }
        return result
    }

    private static func content(_ item: Fields) throws(GatewayFailure) -> [ContentBlock] {
        if let text = item["content"]?.stringValue { return text.isEmpty ? [] : [.text(text)] }
        var blocks: [ContentBlock] = []
        for part in try item.list("content") { blocks.append(try block(part)) }
        return blocks
    }

    private static func block(_ part: Fields) throws(GatewayFailure) -> ContentBlock {
        switch try part.text("type") {
        case "input_text", "output_text", "text": return .text(try part.text("text"))
        case "refusal": return .text(try part.text("refusal"))
        case "input_image":
            guard let url = try part.optionalText("image_url") else {
                throw .unsupported("\(part.path): an uploaded file")
            }
            return .image(try Fields.image(dataURL: url, at: part.path))
        case let type: throw .unsupported("\(part.path): a part of type '\(type.prefix(64))'")
        }
    }
}
