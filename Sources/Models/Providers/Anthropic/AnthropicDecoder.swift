import JSON

/// Reads an answer of the Anthropic Messages API: `message_start`, then blocks by index (`content_block_start`,
/// `content_block_delta`, `content_block_stop`), `message_delta`, `message_stop`; `ping` and `error` at any time.
/// Unknown events, blocks and deltas are passed over, as the API's versioning rules ask.
struct AnthropicDecoder: WireDecoder {
    private enum Block {
        case text(String)
        case reasoning(Reasoning)
        case toolUse(id: String, name: String, input: JSON, json: String)
        /// A kind that we do not know.
        case unknown
        case finished(ContentBlock)
    }

    private let maximumBlocks: Int
    /// By the order in which the blocks started, which is that of their indices.
    private var blocks: [(index: Int, block: Block)] = []
    private var model = ""
    private var hasStarted = false
    private var stopReason: StopReason?
    private var usage = ModelUsage()
    private(set) var isComplete = false

    init(maximumBlocks: Int) {
        self.maximumBlocks = maximumBlocks
    }

    mutating func decode(_ event: ServerSentEvent) throws(ModelError) -> [ModelEvent] {
        let json = try json(event.data)
        switch json["type"]?.stringValue {
        case "message_start":
            start(json["message"] ?? .null)
        case "content_block_start":
            return try startBlock(try index(json), json["content_block"] ?? .null)
        case "content_block_delta":
            return try applyDelta(try position(try index(json)), json["delta"] ?? .null)
        case "content_block_stop":
            return finishBlock(try position(try index(json)))
        case "message_delta":
            readStopReason(json["delta"] ?? .null)
            readUsage(json["usage"])
        case "message_stop":
            isComplete = true
        case "error":
            throw EndpointFailure(status: nil, json: json).modelError
        default:
            break
        }
        return []
    }

    mutating func decodeWhole(_ answer: JSON) throws(ModelError) -> [ModelEvent] {
        if answer["type"]?.stringValue == "error" { throw EndpointFailure(status: nil, json: answer).modelError }
        guard answer["type"]?.stringValue == "message", let content = answer["content"]?.arrayValue else {
            throw .malformedResponse("The answer is not a message with content.")
        }
        start(answer)
        readStopReason(answer)
        var events: [ModelEvent] = []
        for (index, block) in content.enumerated() {
            events += try startBlock(index, block)
            events += finishBlock(try position(index))
        }
        isComplete = true
        return events
    }

    mutating func finish() throws(ModelError) -> ModelResponse {
        guard isComplete, hasStarted else {
            throw .streamCut("the stream of events ended without message_stop.")
        }
        for position in blocks.indices { _ = finishBlock(position) }
        let content = blocks.compactMap { entry -> ContentBlock? in
            if case .finished(let block) = entry.block { block } else { nil }
        }
        return ModelResponse(
            model: model, content: content, stopReason: stopReason ?? .other("none given"), usage: usage)
    }

    private mutating func start(_ message: JSON) {
        hasStarted = true
        model = message["model"]?.stringValue ?? ""
        readUsage(message["usage"])
    }

    private mutating func readStopReason(_ json: JSON) {
        switch json["stop_reason"]?.stringValue {
        case nil: break
        case "end_turn", "stop_sequence": stopReason = .endTurn
        case "tool_use": stopReason = .toolUse
        case "max_tokens": stopReason = .maximumTokens
        case "refusal": stopReason = .refusal
        case let other?: stopReason = .other(EndpointFailure.quotable(other))
        }
    }

    /// Counts in `message_delta` are totals; the ones that it does not repeat stay.
    private mutating func readUsage(_ json: JSON?) {
        guard let json, json.objectValue != nil else { return }
        func update(_ field: inout Int, _ key: String) {
            if let value = json[key], !value.isNull { field = ModelUsage.count(value) }
        }
        update(&usage.input, "input_tokens")
        update(&usage.output, "output_tokens")
        update(&usage.cacheRead, "cache_read_input_tokens")
        update(&usage.cacheWrite, "cache_creation_input_tokens")
    }
}

// MARK: - Blocks

extension AnthropicDecoder {
    private func index(_ json: JSON) throws(ModelError) -> Int {
        guard let index = json["index"]?.intValue else {
            throw .malformedResponse("A content block event has no index.")
        }
        return index
    }

    private func position(_ index: Int) throws(ModelError) -> Int {
        guard let position = blocks.lastIndex(where: { $0.index == index }) else {
            throw .malformedResponse("An event names content block \(index), which was not started.")
        }
        return position
    }

    private mutating func startBlock(_ index: Int, _ json: JSON) throws(ModelError) -> [ModelEvent] {
        guard blocks.count < maximumBlocks else {
            throw .malformedResponse("The answer has more than \(maximumBlocks) content blocks.")
        }
        guard !blocks.contains(where: { $0.index == index }) else {
            throw .malformedResponse("Content block \(index) was started twice.")
        }
        switch json["type"]?.stringValue {
        case "text":
            let text = json["text"]?.stringValue ?? ""
            blocks.append((index, .text(text)))
            return text.isEmpty ? [] : [.textDelta(text)]
        case "thinking":
            let text = json["thinking"]?.stringValue ?? ""
            let reasoning = Reasoning(
                text: text, signature: json["signature"]?.nonEmptyString, provider: AnthropicMessages.vendor)
            blocks.append((index, .reasoning(reasoning)))
            return text.isEmpty ? [] : [.reasoningDelta(text)]
        case "redacted_thinking":
            let reasoning = Reasoning(
                text: "", redactedData: json["data"]?.stringValue ?? "", provider: AnthropicMessages.vendor)
            blocks.append((index, .reasoning(reasoning)))
        case "tool_use":
            guard let id = json["id"]?.nonEmptyString, let name = json["name"]?.nonEmptyString else {
                throw .malformedResponse("A tool_use block has no id or no name.")
            }
            blocks.append((index, .toolUse(id: id, name: name, input: json["input"] ?? [:], json: "")))
        default:
            blocks.append((index, .unknown))
        }
        return []
    }

    private mutating func applyDelta(_ position: Int, _ delta: JSON) throws(ModelError) -> [ModelEvent] {
        // Taken out while it changes, so that a long text is appended to in place.
        let block = blocks[position].block
        blocks[position].block = .unknown
        switch (block, delta["type"]?.stringValue) {
        case (.text(var text), "text_delta"):
            let part = delta["text"]?.stringValue ?? ""
            text += part
            blocks[position].block = .text(text)
            return part.isEmpty ? [] : [.textDelta(part)]
        case (.reasoning(var reasoning), "thinking_delta"):
            let part = delta["thinking"]?.stringValue ?? ""
            reasoning.text += part
            blocks[position].block = .reasoning(reasoning)
            return part.isEmpty ? [] : [.reasoningDelta(part)]
        case (.reasoning(var reasoning), "signature_delta"):
            reasoning.signature = (reasoning.signature ?? "") + (delta["signature"]?.stringValue ?? "")
            blocks[position].block = .reasoning(reasoning)
        case (.toolUse(let id, let name, let input, var json), "input_json_delta"):
            json += delta["partial_json"]?.stringValue ?? ""
            blocks[position].block = .toolUse(id: id, name: name, input: input, json: json)
        case (.text, "input_json_delta"), (.toolUse, "text_delta"), (.finished, _):
            throw .malformedResponse("A delta does not fit the content block that it names.")
        default:
            blocks[position].block = block
        }
        return []
    }

    private mutating func finishBlock(_ position: Int) -> [ModelEvent] {
        switch blocks[position].block {
        case .text(let text):
            blocks[position].block = .finished(.text(text))
        case .reasoning(let reasoning):
            blocks[position].block = .finished(.reasoning(reasoning))
        case .toolUse(let id, let name, let input, let json):
            // A whole answer carries the input in the block itself, a stream in the deltas.
            let call = ToolCall(id: id, name: name, rawArguments: json.isEmpty ? input.text : json)
            blocks[position].block = .finished(.toolCall(call))
            return [.toolCall(call)]
        case .unknown, .finished:
            break
        }
        return []
    }
}

extension JSON {
    /// The string, unless it is empty.
    var nonEmptyString: String? {
        stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
}
