import JSON
import Models

/// `POST /v1/chat/completions` of the OpenAI API.
enum ChatRequest {
    static func read(_ json: JSON) throws(GatewayFailure) -> FaceRequest {
        let fields = try Fields(json, at: "")
        var request = FaceRequest()
        request.model = try fields.name("model")
        request.isStreamed = try fields.flag("stream")
        if let options = fields["stream_options"] {
            request.includesUsage = try Fields(options, at: "stream_options").flag("include_usage")
        }
        request.maximumOutputTokens = try fields.positive("max_completion_tokens")
        if request.maximumOutputTokens == nil { request.maximumOutputTokens = try fields.positive("max_tokens") }
        try refuseWhatChangesMeaning(fields)
        request.ignored = fields.present([
            "temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "reasoning_effort", "verbosity",
        ])
        for tool in try fields.list("tools", most: ModelGatewayLimits.maximumTools) {
            guard try tool.text("type") == "function" else {
                throw .unsupported("\(tool.path): a tool that is no function")
            }
            request.tools.append(try definition(Fields(tool["function"] ?? .null, at: tool.place("function"))))
        }
        try readChoice(fields["tool_choice"], &request)
        for message in try fields.list("messages") { try read(message, &request) }
        return try request.checked()
    }

    private static func refuseWhatChangesMeaning(_ fields: Fields) throws(GatewayFailure) {
        try fields.refuse(["stop", "functions", "logprobs", "logit_bias", "audio", "prediction", "web_search_options"])
        if let count = fields["n"], count.intValue != 1 { throw .unsupported("n above 1") }
        if let format = fields["response_format"]?["type"]?.stringValue, format != "text" {
            throw .unsupported("response_format '\(format.prefix(32))'")
        }
        if fields["parallel_tool_calls"]?.boolValue == false { throw .unsupported("parallel_tool_calls: false") }
        if let kinds = fields["modalities"]?.arrayValue, kinds.contains(where: { $0.stringValue != "text" }) {
            throw .unsupported("modalities other than text")
        }
    }

    /// A function's name, description and parameters.
    static func definition(_ function: Fields) throws(GatewayFailure) -> ToolDefinition {
        ToolDefinition(
            name: try function.name("name"), description: try function.optionalText("description") ?? "",
            parameters: function["parameters"] ?? ["type": "object", "properties": [:]])
    }

    static func readChoice(_ choice: JSON?, _ request: inout FaceRequest) throws(GatewayFailure) {
        switch choice?.stringValue {
        case "auto": break
        case "none": request.tools = []
        case let choice?: throw .unsupported("tool_choice '\(choice.prefix(32))'")
        case nil: if choice != nil { throw .unsupported("tool_choice of one tool") }
        }
    }

    private static func read(_ message: Fields, _ request: inout FaceRequest) throws(GatewayFailure) {
        switch try message.text("role") {
        case "system", "developer":
            let text = try texts(message)
            // What is said later belongs where it was said.
            if request.messages.isEmpty { request.instruct(text) } else { request.say(.user, [.text(text)]) }
        case "user": request.say(.user, try content(message))
        case "tool":
            request.say(
                .user, [.toolResult(ToolResult(callID: try message.name("tool_call_id"), text: try texts(message)))])
        case "assistant":
            var blocks: [ContentBlock] = []
            let text = message["content"] == nil ? try message.optionalText("refusal") ?? "" : try texts(message)
            if !text.isEmpty { blocks.append(.text(text)) }
            try message.refuse(["function_call", "audio"])
            for call in try message.list("tool_calls") {
                let function = try Fields(call["function"] ?? .null, at: call.place("function"))
                let (arguments, malformed) = Fields.arguments(try function.optionalText("arguments") ?? "")
                blocks.append(
                    .toolCall(
                        ToolCall(
                            id: try call.name("id"), name: try function.name("name"), arguments: arguments,
                            malformed: malformed)))
            }
            request.say(.assistant, blocks)
        case let role: throw .unsupported("\(message.path): the role '\(role.prefix(32))'")
        }
    }

    private static func texts(_ message: Fields) throws(GatewayFailure) -> String {
        if let text = message["content"]?.stringValue { return text }
        var text = ""
        for part in try message.list("content") {
            switch try part.text("type") {
            case "text": text += try part.text("text")
            case "refusal": text += try part.text("refusal")
            case let type: throw .unsupported("\(part.path): a part of type '\(type.prefix(64))'")
            }
        }
        return text
    }

    private static func content(_ message: Fields) throws(GatewayFailure) -> [ContentBlock] {
        if let text = message["content"]?.stringValue { return text.isEmpty ? [] : [.text(text)] }
        var blocks: [ContentBlock] = []
        for part in try message.list("content") {
            switch try part.text("type") {
            case "text": blocks.append(.text(try part.text("text")))
            case "image_url":
                let url = try Fields(part["image_url"] ?? .null, at: part.place("image_url")).text("url")
                blocks.append(.image(try Fields.image(dataURL: url, at: part.path)))
            case let type: throw .unsupported("\(part.path): a part of type '\(type.prefix(64))'")
            }
        }
        return blocks
    }
}
