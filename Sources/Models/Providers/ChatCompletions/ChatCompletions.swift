import JSON

/// The OpenAI Chat Completions API, which llama.cpp, vLLM, Ollama, OpenRouter and others speak too.
struct ChatCompletions: WireFormat {
    static let vendor = "openai"
    static let defaultBaseURL = "https://api.openai.com/v1"
    static let keyName = "OPENAI_API_KEY"

    let url: String
    let headers: [(name: String, value: String)]
    private let model: String
    private let maximumOutputTokens: Int
    private let maximumBlocks: Int
    private let streams: Bool
    /// OpenAI's newer models refuse `max_tokens`; most other servers know nothing else.
    private let tokenLimitField: String

    init(_ settings: ModelSettings, baseURL: String) {
        url = baseURL + "/chat/completions"
        headers = settings.apiKey.map { $0.isEmpty ? [] : [("authorization", "Bearer \($0.reveal())")] } ?? []
        model = settings.model
        maximumOutputTokens = settings.maximumOutputTokens
        maximumBlocks = settings.limits.maximumBlocks
        streams = settings.streams
        tokenLimitField = baseURL == Self.defaultBaseURL ? "max_completion_tokens" : "max_tokens"
    }

    func makeDecoder() -> ChatCompletionsDecoder { ChatCompletionsDecoder(maximumBlocks: maximumBlocks) }

    func body(of request: ModelRequest) -> JSON {
        var body: JSON = [
            "model": .string(request.model ?? model),
            "stream": .bool(streams),
        ]
        if streams { body["stream_options"] = ["include_usage": true] }
        body[tokenLimitField] = .number(JSONNumber(request.maximumOutputTokens ?? maximumOutputTokens))
        var messages: [JSON] = []
        if !request.system.isEmpty { messages.append(["role": "system", "content": .string(request.system)]) }
        for message in request.messages {
            messages += message.role == .assistant ? Self.assistant(message.content) : Self.user(message.content)
        }
        body["messages"] = .array(messages)
        if !request.tools.isEmpty { body["tools"] = .array(request.tools.map(Self.tool)) }
        return body
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
    private static func user(_ blocks: [ContentBlock]) -> [JSON] {
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

    private static func image(_ image: ImageContent) -> JSON {
        ["type": "image_url", "image_url": ["url": .string(image.dataURL)]]
    }

    /// Reasoning is not sent back: the API has no place for it, and some servers refuse it.
    private static func assistant(_ blocks: [ContentBlock]) -> [JSON] {
        var text = ""
        var calls: [JSON] = []
        for block in blocks {
            switch block {
            case .text(let part): text += part
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
        return [message]
    }
}
