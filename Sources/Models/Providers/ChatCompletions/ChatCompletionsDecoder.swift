import JSON

/// Reads an answer of the Chat Completions API: chunks with deltas of the first choice, a `finish_reason`, perhaps a
/// chunk with the usage, `[DONE]`.
struct ChatCompletionsDecoder: WireDecoder {
    private let maximumBlocks: Int
    private var model = ""
    private var text = ""
    private var reasoning = ""
    private var calls = ChatToolCalls()
    private var stopReason: StopReason?
    private var usage = ModelUsage()
    private(set) var isComplete = false

    init(maximumBlocks: Int) {
        self.maximumBlocks = maximumBlocks
    }

    mutating func decode(_ event: ServerSentEvent) throws(ModelError) -> [ModelEvent] {
        if event.data.elementsEqual("[DONE]".utf8) {
            isComplete = true
            return []
        }
        let json = try json(event.data)
        if let error = json["error"], !error.isNull { throw EndpointFailure(status: nil, json: json).modelError }
        guard json.objectValue != nil else { throw .malformedResponse("An event of the stream is not a JSON object.") }
        readHead(json)
        guard let choice = json["choices"]?[0] else { return [] }
        return try read(choice["delta"] ?? .null, finishReason: choice["finish_reason"]?.stringValue)
    }

    mutating func decodeWhole(_ answer: JSON) throws(ModelError) -> [ModelEvent] {
        if let error = answer["error"], !error.isNull { throw EndpointFailure(status: nil, json: answer).modelError }
        guard let choice = answer["choices"]?[0], let message = choice["message"], message.objectValue != nil else {
            throw .malformedResponse("The answer has no choice with a message.")
        }
        readHead(answer)
        let events = try read(message, finishReason: choice["finish_reason"]?.stringValue ?? "stop")
        isComplete = true
        return events
    }

    mutating func finish() throws(ModelError) -> ModelResponse {
        guard let reason = stopReason else {
            throw .streamCut("the stream of events ended without a finish_reason.")
        }
        var content: [ContentBlock] = []
        if !reasoning.isEmpty {
            content.append(.reasoning(Reasoning(text: reasoning, provider: ChatCompletions.vendor)))
        }
        if !text.isEmpty { content.append(.text(text)) }
        content += calls.finished.map(ContentBlock.toolCall)
        // Some servers say "stop" after tool calls.
        let stopReason = reason == .endTurn && !calls.finished.isEmpty ? .toolUse : reason
        return ModelResponse(model: model, content: content, stopReason: stopReason, usage: usage)
    }

    private mutating func readHead(_ json: JSON) {
        if model.isEmpty { model = json["model"]?.stringValue ?? "" }
        guard let counts = json["usage"], counts.objectValue != nil else { return }
        let cached = ModelUsage.count(counts["prompt_tokens_details"]?["cached_tokens"])
        usage = ModelUsage(
            input: max(0, ModelUsage.count(counts["prompt_tokens"]) - cached),
            output: ModelUsage.count(counts["completion_tokens"]),
            cacheRead: cached,
            reasoning: ModelUsage.count(counts["completion_tokens_details"]?["reasoning_tokens"]))
    }

    /// Takes a delta, or a whole message, which has the same fields.
    private mutating func read(_ delta: JSON, finishReason: String?) throws(ModelError) -> [ModelEvent] {
        var events: [ModelEvent] = []
        // DeepSeek, vLLM and llama.cpp say reasoning_content, OpenRouter and newer vLLM reasoning; some send both.
        if let part = delta["reasoning_content"]?.nonEmptyString ?? delta["reasoning"]?.nonEmptyString {
            reasoning += part
            events.append(.reasoningDelta(part))
        }
        if let part = delta["content"]?.nonEmptyString {
            text += part
            events.append(.textDelta(part))
        }
        var isRefusal = false
        if let part = delta["refusal"]?.nonEmptyString {
            text += part
            events.append(.textDelta(part))
            stopReason = .refusal
            isRefusal = true
        }
        for call in delta["tool_calls"]?.arrayValue ?? [] {
            try calls.add(call, maximumCalls: maximumBlocks)
        }
        if let finishReason {
            if !isRefusal, stopReason != .refusal { stopReason = Self.stopReason(finishReason) }
            events += calls.finish().map(ModelEvent.toolCall)
        }
        return events
    }

    private static func stopReason(_ text: String) -> StopReason {
        switch text {
        case "stop", "eos", "end_turn": .endTurn
        case "tool_calls", "function_call": .toolUse
        case "length": .maximumTokens
        case "content_filter": .refusal
        default: .other(EndpointFailure.quotable(text))
        }
    }
}
