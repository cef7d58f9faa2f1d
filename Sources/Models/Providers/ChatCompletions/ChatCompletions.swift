import JSON

/// The OpenAI Chat Completions API, which llama.cpp, vLLM, Ollama, OpenRouter and others speak too.
struct ChatCompletions: WireFormat {
    static let vendor = "openai"
    static let defaultBaseURL = "https://api.openai.com/v1"
    static let keyName = "OPENAI_API_KEY"

    private let baseURL: String
    let headers: [(name: String, value: String)]
    private let model: String
    private let maximumOutputTokens: Int
    private let maximumBlocks: Int
    private let streams: Bool
    private let quirks: ModelQuirks
    private let reasoningEffort: String?

    init(_ settings: ModelSettings, baseURL: String) {
        self.baseURL = baseURL
        quirks = settings.quirks
        reasoningEffort = settings.reasoningEffort
        headers = settings.keyHeaders
        model = settings.model
        maximumOutputTokens = settings.maximumOutputTokens
        maximumBlocks = settings.limits.maximumBlocks
        streams = settings.streams
    }

    func makeDecoder() -> ChatCompletionsDecoder { ChatCompletionsDecoder(maximumBlocks: maximumBlocks) }

    func url(of request: ModelRequest) -> String {
        quirks.address(baseURL, "/chat/completions", model: request.model ?? model)
    }

    func body(of request: ModelRequest) -> JSON {
        var body: JSON = [
            "model": .string(request.model ?? model),
            "stream": .bool(streams),
        ]
        if streams, quirks.usageInStream { body["stream_options"] = ["include_usage": true] }
        if let field = quirks.tokenLimitField {
            body[field] = .number(JSONNumber(request.maximumOutputTokens ?? maximumOutputTokens))
        }
        if let reasoningEffort { body["reasoning_effort"] = .string(reasoningEffort) }
        if quirks.promptCacheKey { body["prompt_cache_key"] = .string(PortableName.cacheKey(request.sessionKey)) }
        var messages: [JSON] = []
        if !request.system.isEmpty {
            messages.append(["role": .string(quirks.systemRole), "content": system(request.system)])
        }
        for message in request.messages {
            messages += message.role == .assistant ? assistant(message.content) : user(message.content)
        }
        body["messages"] = .array(messages)
        if !request.tools.isEmpty {
            body["tools"] = .array(request.tools.map(Self.tool))
            body["parallel_tool_calls"] = quirks.parallelToolCalls.map(JSON.bool)
        }
        return quirks.completed(body)
    }

    /// Routers to other vendors take Anthropic's mark at the end of what is to be cached.
    private func system(_ text: String) -> JSON {
        guard quirks.promptCache == true else { return .string(text) }
        return [["type": "text", "text": .string(text), "cache_control": ["type": "ephemeral"]]]
    }

    private static func tool(_ tool: ToolDefinition) -> JSON {
        [
            "type": "function",
            "function": [
                "name": .string(tool.name), "description": .string(tool.description), "parameters": tool.parameters,
            ],
        ]
    }

    /// Tool results are messages of their own and come first: they must follow the calls that they answer. The API
    /// takes no pictures in them; those come after, in a message of the user.
    private func user(_ blocks: [ContentBlock]) -> [JSON] {
        var results: [JSON] = []
        var pictures: [JSON] = []
        var parts: [JSON] = []
        var text = ""
        func endText() {
            if !text.isEmpty { parts.append(["type": "text", "text": .string(text)]) }
            text = ""
        }
        for block in blocks {
            switch block {
            case .toolResult(let result):
                let id = PortableName.callID(result.callID)
                results.append(["role": "tool", "tool_call_id": .string(id), "content": .string(result.text)])
                guard !result.images.isEmpty else { break }
                pictures.append(["type": "text", "text": .string("Pictures of the result of call \(id):")])
                pictures += result.images.map(image)
            case .text(let part):
                text += (text.isEmpty ? "" : "\n\n") + part
            case .image(let picture):
                endText()
                parts.append(image(picture))
            case .reasoning, .toolCall:
                break
            }
        }
        // Servers that know no pictures know no parts either.
        if pictures.isEmpty, parts.isEmpty {
            return results + (text.isEmpty ? [] : [["role": "user", "content": .string(text)]])
        }
        endText()
        return results + [["role": "user", "content": .array(pictures + parts)]]
    }

    private func image(_ image: ImageContent) -> JSON {
        guard quirks.images else { return ["type": "text", "text": .string(ContentBlock.omittedPicture)] }
        return ["type": "image_url", "image_url": ["url": .string(image.dataURL)]]
    }

    /// Reasoning goes back only to endpoints that ask for it: the API has no place for it, and some refuse it.
    private func assistant(_ blocks: [ContentBlock]) -> [JSON] {
        var text = ""
        var reasoning = ""
        var calls: [JSON] = []
        for block in blocks {
            switch block {
            case .text(let part): text += part
            case .reasoning(let part) where part.isOwn(of: Self.vendor): reasoning += part.text
            case .toolCall(let call):
                calls.append([
                    "id": .string(PortableName.callID(call.id)), "type": "function",
                    "function": [
                        "name": .string(PortableName.tool(call.name)), "arguments": .string(call.arguments.text),
                    ],
                ])
            case .reasoning, .toolResult, .image: break
            }
        }
        guard !text.isEmpty || !calls.isEmpty else { return [] }
        var message: JSON = ["role": "assistant", "content": text.isEmpty ? .null : .string(text)]
        if !calls.isEmpty { message["tool_calls"] = .array(calls) }
        if let field = quirks.reasoningField, !reasoning.isEmpty { message[field] = .string(reasoning) }
        return [message]
    }
}
