import JSON

/// The OpenAI Responses API. Nothing is kept by the vendor: every request carries the whole conversation, reasoning in
/// encrypted form among it.
struct Responses: WireFormat {
    static let vendor = "openai-responses"
    static let defaultBaseURL = "https://api.openai.com/v1"
    static let keyName = "OPENAI_API_KEY"

    private let baseURL: String
    let headers: [(name: String, value: String)]
    private let settings: ModelSettings

    init(_ settings: ModelSettings, baseURL: String) {
        self.baseURL = baseURL
        self.settings = settings
        headers = settings.keyHeaders
    }

    func url(of request: ModelRequest) -> String {
        settings.quirks.address(baseURL, "/responses", model: request.model ?? settings.model)
    }

    func makeDecoder() -> ResponsesDecoder { ResponsesDecoder(maximumBlocks: settings.limits.maximumBlocks) }

    func body(of request: ModelRequest) -> JSON {
        var body: JSON = [
            "model": .string(request.model ?? settings.model),
            "stream": .bool(settings.streams),
            "store": false,
            "max_output_tokens": .number(JSONNumber(request.maximumOutputTokens ?? settings.maximumOutputTokens)),
        ]
        if settings.quirks.encryptedReasoning { body["include"] = ["reasoning.encrypted_content"] }
        if settings.quirks.promptCacheKey {
            body["prompt_cache_key"] = .string(PortableName.cacheKey(request.sessionKey))
        }
        if let effort = settings.reasoningEffort {
            body["reasoning"] = ["effort": .string(effort), "summary": "auto"]
        }
        if !request.system.isEmpty { body["instructions"] = .string(request.system) }
        body["input"] = .array(
            request.messages.flatMap { $0.role == .assistant ? Self.assistant($0.content) : user($0.content) })
        if !request.tools.isEmpty {
            body["tools"] = .array(request.tools.map(Self.tool))
            body["parallel_tool_calls"] = settings.quirks.parallelToolCalls.map(JSON.bool)
        }
        return settings.quirks.completed(body)
    }

    private static func tool(_ tool: ToolDefinition) -> JSON {
        [
            "type": "function", "name": .string(tool.name), "description": .string(tool.description),
            "parameters": tool.parameters, "strict": false,
        ]
    }

    /// Results come first: they must follow the calls that they answer.
    private func user(_ blocks: [ContentBlock]) -> [JSON] {
        var results: [JSON] = []
        var parts: [JSON] = []
        for block in blocks {
            switch block {
            case .toolResult(let result):
                let output: JSON =
                    result.images.isEmpty
                    ? .string(result.text) : .array([Self.text(result.text)] + result.images.map(image))
                results.append([
                    "type": "function_call_output", "call_id": .string(PortableName.callID(result.callID)),
                    "output": output,
                ])
            case .text(let text): parts.append(Self.text(text))
            case .image(let picture): parts.append(image(picture))
            case .reasoning, .toolCall: break
            }
        }
        return results + (parts.isEmpty ? [] : [["role": "user", "content": .array(parts)]])
    }

    private static func text(_ text: String) -> JSON { ["type": "input_text", "text": .string(text)] }

    private func image(_ image: ImageContent) -> JSON {
        guard settings.quirks.images else { return Self.text(ContentBlock.omittedPicture) }
        return ["type": "input_image", "image_url": .string(image.dataURL), "detail": "auto"]
    }

    /// The API refuses reasoning that nothing follows.
    private static func assistant(_ blocks: [ContentBlock]) -> [JSON] {
        var items = blocks.compactMap(item)
        while items.last?["type"]?.stringValue == "reasoning" { items.removeLast() }
        return items
    }

    private static func item(_ block: ContentBlock) -> JSON? {
        switch block {
        case .text(let text):
            return text.isEmpty
                ? nil
                : [
                    "type": "message", "role": "assistant",
                    "content": [["type": "output_text", "text": .string(text), "annotations": []]],
                ]
        case .reasoning(let reasoning):
            guard reasoning.isOwn(of: vendor), let id = reasoning.signature, let encrypted = reasoning.redactedData
            else {
                return nil
            }
            let summary: [JSON] =
                reasoning.text.isEmpty ? [] : [["type": "summary_text", "text": .string(reasoning.text)]]
            return [
                "type": "reasoning", "id": .string(id), "summary": .array(summary),
                "encrypted_content": .string(encrypted),
            ]
        case .toolCall(let call):
            return [
                "type": "function_call", "call_id": .string(PortableName.callID(call.id)),
                "name": .string(PortableName.tool(call.name)),
                "arguments": .string(call.arguments.text),
            ]
        case .toolResult, .image:
            return nil
        }
    }
}
