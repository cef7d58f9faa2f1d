import JSON

/// The Anthropic Messages API, version 2023-06-01.
struct AnthropicMessages: WireFormat {
    static let vendor = "anthropic"
    static let listPath: String? = "/v1/models"
    static let defaultBaseURL = "https://api.anthropic.com"
    static let keyName = "ANTHROPIC_API_KEY"

    private static let version = "2023-06-01"
    /// Marks where a prefix of the prompt ends that the vendor is to keep for the next turn.
    private static let cacheControl: JSON = ["type": "ephemeral"]

    private let endpoint: String
    let headers: [(name: String, value: String)]
    private let model: String
    private let maximumOutputTokens: Int
    private let maximumBlocks: Int
    private let streams: Bool
    private let thinkingBudget: Int?
    private let quirks: ModelQuirks
    /// The API takes no smaller budget.
    private static let minimumThinkingBudget = 1024

    init(_ settings: ModelSettings, baseURL: String) {
        endpoint = baseURL + (settings.quirks.path ?? (baseURL.hasSuffix("/v1") ? "/messages" : "/v1/messages"))
        thinkingBudget = settings.thinkingBudget
        quirks = settings.quirks
        headers =
            [("anthropic-version", Self.version)] + (settings.apiKey.map { [("x-api-key", $0.reveal())] } ?? [])
        model = settings.model
        maximumOutputTokens = settings.maximumOutputTokens
        maximumBlocks = settings.limits.maximumBlocks
        streams = settings.streams
    }

    func makeDecoder() -> AnthropicDecoder { AnthropicDecoder(maximumBlocks: maximumBlocks) }

    func url(of request: ModelRequest) -> String { endpoint }

    func body(of request: ModelRequest) -> JSON {
        let limit = request.maximumOutputTokens ?? maximumOutputTokens
        let messages = (request.tools.isEmpty ? request.messages.withToolsAsText : request.messages).alternating
        var body: JSON = [
            "model": .string(request.model ?? model),
            "max_tokens": .number(JSONNumber(limit)),
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
        body["messages"] = .array(Self.messages(messages))
        if let thinkingBudget, Self.mayThink(messages) {
            // What it thinks counts as output.
            let budget = min(thinkingBudget, limit - 1)
            if budget >= Self.minimumThinkingBudget {
                body["thinking"] = ["type": "enabled", "budget_tokens": .number(JSONNumber(budget))]
            }
        }
        return quirks.completed(body)
    }

    /// While calls are under way the API lets a model think only if their message began with its own thoughts, which
    /// it did not when another vendor made them.
    private static func mayThink(_ messages: [ModelMessage]) -> Bool {
        guard let last = messages.last(where: { $0.role == .assistant }),
            messages.last?.content.contains(where: \.isToolResult) ?? false
        else { return true }
        return last.content.contains { block in
            guard case .reasoning(let reasoning) = block, reasoning.isOwn(of: vendor) else { return false }
            return reasoning.signature != nil || reasoning.redactedData != nil
        }
    }

    private static func tool(_ tool: ToolDefinition) -> JSON {
        [
            "name": .string(tool.name), "description": .string(tool.description), "input_schema": tool.parameters,
        ]
    }

    /// The conversation as alternating messages: the API wants all results of a message's calls in the one message
    /// that follows it, before any text. The newest message ends the cached prefix, so that each turn pays only for
    /// what it adds.
    private static func messages(_ merged: [ModelMessage]) -> [JSON] {
        var result: [JSON] = []
        for (offset, message) in merged.enumerated() {
            let results = message.content.filter(\.isToolResult)
            let others = message.content.filter { !$0.isToolResult }
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
