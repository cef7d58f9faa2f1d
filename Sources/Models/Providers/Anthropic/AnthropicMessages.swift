import JSON

/// The Anthropic Messages API, version 2023-06-01.
struct AnthropicMessages: WireFormat {
    static let vendor = "anthropic"
    static let defaultBaseURL = "https://api.anthropic.com"
    static let keyName = "ANTHROPIC_API_KEY"

    private static let version = "2023-06-01"
    /// Marks where a prefix of the prompt ends that the vendor is to keep for the next turn.
    private static let cacheControl: JSON = ["type": "ephemeral"]

    let url: String
    let headers: [(name: String, value: String)]
    private let model: String
    private let maximumOutputTokens: Int
    private let maximumBlocks: Int
    private let streams: Bool

    init(_ settings: ModelSettings, baseURL: String) {
        url = baseURL + (baseURL.hasSuffix("/v1") ? "/messages" : "/v1/messages")
        headers =
            [("anthropic-version", Self.version)] + (settings.apiKey.map { [("x-api-key", $0.reveal())] } ?? [])
        model = settings.model
        maximumOutputTokens = settings.maximumOutputTokens
        maximumBlocks = settings.limits.maximumBlocks
        streams = settings.streams
    }

    func makeDecoder() -> AnthropicDecoder { AnthropicDecoder(maximumBlocks: maximumBlocks) }

    func body(of request: ModelRequest) -> JSON {
        var body: JSON = [
            "model": .string(request.model ?? model),
            "max_tokens": .number(JSONNumber(request.maximumOutputTokens ?? maximumOutputTokens)),
            "stream": .bool(streams),
        ]
        if !request.system.isEmpty {
            body["system"] = [["type": "text", "text": .string(request.system), "cache_control": Self.cacheControl]]
        }
        if !request.tools.isEmpty {
            var tools = request.tools.map(Self.tool)
            tools[tools.count - 1]["cache_control"] = Self.cacheControl
            body["tools"] = .array(tools)
        }
        body["messages"] = .array(Self.messages(request.messages))
        return body
    }

    private static func tool(_ tool: ToolDefinition) -> JSON {
        [
            "name": .string(tool.name), "description": .string(tool.description), "input_schema": tool.parameters,
        ]
    }

    /// The conversation as alternating messages: the API wants all results of a message's calls in the one message
    /// that follows it, before any text. The newest message ends the cached prefix, so that each turn pays only for
    /// what it adds.
    private static func messages(_ messages: [ModelMessage]) -> [JSON] {
        var merged: [(role: ModelMessage.Role, blocks: [ContentBlock])] = []
        for message in messages {
            if let last = merged.indices.last, merged[last].role == message.role {
                merged[last].blocks += message.content
            } else {
                merged.append((message.role, message.content))
            }
        }
        var result: [JSON] = []
        for (offset, message) in merged.enumerated() {
            let results = message.blocks.filter(\.isToolResult)
            let others = message.blocks.filter { !$0.isToolResult }
            var content = (results + others).compactMap(block)
            guard !content.isEmpty else { continue }
            if offset == merged.count - 1, message.role == .user {
                content[content.count - 1]["cache_control"] = cacheControl
            }
            result.append(["role": .string(message.role.rawValue), "content": .array(content)])
        }
        return result
    }

    /// A block, or nil for what the API refuses: empty text, and reasoning that it did not sign.
    private static func block(_ block: ContentBlock) -> JSON? {
        switch block {
        case .text(let text):
            return text.allSatisfy(\.isWhitespace) ? nil : ["type": "text", "text": .string(text)]
        case .reasoning(let reasoning):
            guard reasoning.isOwn(of: vendor) else { return nil }
            if let data = reasoning.redactedData { return ["type": "redacted_thinking", "data": .string(data)] }
            guard let signature = reasoning.signature else { return nil }
            return ["type": "thinking", "thinking": .string(reasoning.text), "signature": .string(signature)]
        case .toolCall(let call):
            return [
                "type": "tool_use", "id": .string(PortableName.callID(call.id)),
                "name": .string(PortableName.tool(call.name)), "input": call.arguments,
            ]
        case .toolResult(let result):
            var json: JSON = [
                "type": "tool_result", "tool_use_id": .string(PortableName.callID(result.callID)),
            ]
            json["content"] =
                result.images.isEmpty
                ? .string(result.text)
                : .array(
                    (result.text.isEmpty ? [] : [["type": "text", "text": .string(result.text)]])
                        + result.images.map(image))
            if result.isError { json["is_error"] = true }
            return json
        case .image(let content):
            return image(content)
        }
    }

    private static func image(_ image: ImageContent) -> JSON {
        [
            "type": "image",
            "source": ["type": "base64", "media_type": .string(image.mediaType), "data": .string(image.base64)],
        ]
    }
}

extension ContentBlock {
    var isToolResult: Bool {
        if case .toolResult = self { true } else { false }
    }
}
