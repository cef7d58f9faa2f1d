import JSON

/// Reads an answer of the Converse API: `messageStart`, then blocks by index (`contentBlockStart` for calls only,
/// `contentBlockDelta`, `contentBlockStop`), `messageStop`, and `metadata` with the usage; exceptions at any time.
struct BedrockDecoder: WireDecoder {
    private struct Block {
        var index: Int
        var text = ""
        var reasoning: Reasoning?
        var call: (id: String, name: String, json: String)?
        var finished: ContentBlock?
    }

    private let model: String
    private let maximumBlocks: Int
    private var blocks: [Block] = []
    private var stopReason: StopReason?
    private var usage = ModelUsage()
    private(set) var isComplete = false

    init(model: String, maximumBlocks: Int) {
        self.model = model
        self.maximumBlocks = maximumBlocks
    }

    mutating func decode(_ event: ServerSentEvent) throws(ModelError) -> [ModelEvent] {
        let name = String(decoding: event.name, as: UTF8.self)
        if name.hasPrefix(EventStreamParser.exceptionMark) {
            let message = (try? json(event.data))?["message"]?.stringValue
            throw EndpointFailure(
                status: nil,
                json: [
                    "type": .string(String(name.dropFirst())),
                    "message": .string(message ?? String(decoding: event.data, as: UTF8.self)),
                ]
            ).modelError
        }
        let json = try json(event.data)
        switch name {
        case "contentBlockStart":
            let position = try position(of: json)
            guard let use = json["start"]?["toolUse"] else { return [] }
            guard let id = use["toolUseId"]?.nonEmptyString, let name = use["name"]?.nonEmptyString else {
                throw .malformedResponse("A toolUse block has no toolUseId or no name.")
            }
            blocks[position].call = (id, name, "")
        case "contentBlockDelta":
            let position = try position(of: json)
            return try apply(json["delta"] ?? .null, at: position)
        case "contentBlockStop":
            let position = try position(of: json)
            return finishBlock(position)
        case "messageStop":
            stopReason = try Self.stopReason(json["stopReason"]?.stringValue)
        case "metadata":
            readUsage(json["usage"] ?? .null)
            isComplete = stopReason != nil
        default:
            break
        }
        return []
    }

    mutating func decodeWhole(_ answer: JSON) throws(ModelError) -> [ModelEvent] {
        guard let content = answer["output"]?["message"]?["content"]?.arrayValue else {
            throw .malformedResponse("The answer has no message with content.")
        }
        var events: [ModelEvent] = []
        for (index, json) in content.enumerated() {
            let position = try position(of: ["contentBlockIndex": .number(JSONNumber(index))])
            if let use = json["toolUse"] {
                guard let id = use["toolUseId"]?.nonEmptyString, let name = use["name"]?.nonEmptyString else {
                    throw .malformedResponse("A toolUse block has no toolUseId or no name.")
                }
                blocks[position].call = (id, name, use["input"]?.text ?? "")
            } else {
                var delta = json
                if let text = json["reasoningContent"]?["reasoningText"] { delta["reasoningContent"] = text }
                events += try apply(delta, at: position)
            }
            events += finishBlock(position)
        }
        stopReason = try Self.stopReason(answer["stopReason"]?.stringValue)
        readUsage(answer["usage"] ?? .null)
        isComplete = true
        return events
    }

    mutating func finish() throws(ModelError) -> ModelResponse {
        guard let stopReason else { throw .streamCut("the stream of events ended without messageStop.") }
        for position in blocks.indices { _ = finishBlock(position) }
        return ModelResponse(
            model: model, content: blocks.compactMap(\.finished), stopReason: stopReason, usage: usage)
    }

    /// The block that an event names; a new one when it is the first of it.
    private mutating func position(of json: JSON) throws(ModelError) -> Int {
        guard let index = json["contentBlockIndex"]?.intValue else {
            throw .malformedResponse("A content block event has no contentBlockIndex.")
        }
        if let position = blocks.lastIndex(where: { $0.index == index }) {
            guard blocks[position].finished == nil else {
                throw .malformedResponse("Content block \(index) goes on after its end.")
            }
            return position
        }
        guard blocks.count < maximumBlocks else {
            throw .malformedResponse("The answer has more than \(maximumBlocks) content blocks.")
        }
        blocks.append(Block(index: index))
        return blocks.count - 1
    }

    private mutating func apply(_ delta: JSON, at position: Int) throws(ModelError) -> [ModelEvent] {
        if let text = delta["text"]?.nonEmptyString {
            guard blocks[position].call == nil else {
                throw .malformedResponse("A delta does not fit the content block that it names.")
            }
            blocks[position].text += text
            return [.textDelta(text)]
        }
        if let part = delta["toolUse"]?["input"]?.stringValue {
            guard blocks[position].call != nil else {
                throw .malformedResponse("A delta does not fit the content block that it names.")
            }
            blocks[position].call?.json += part
            return []
        }
        guard let content = delta["reasoningContent"] else { return [] }
        var reasoning = blocks[position].reasoning ?? Reasoning(text: "", provider: Bedrock.vendor)
        blocks[position].reasoning = nil
        let text = content["text"]?.nonEmptyString
        reasoning.text += text ?? ""
        if let proof = content["signature"]?.nonEmptyString {
            reasoning.signature = (reasoning.signature ?? "") + proof
        }
        if let data = content["redactedContent"]?.nonEmptyString {
            reasoning.redactedData = (reasoning.redactedData ?? "") + data
        }
        blocks[position].reasoning = reasoning
        return text.map { [.reasoningDelta($0)] } ?? []
    }

    private mutating func finishBlock(_ position: Int) -> [ModelEvent] {
        let block = blocks[position]
        guard block.finished == nil else { return [] }
        if let partial = block.call {
            let call = ToolCall(id: partial.id, name: partial.name, rawArguments: partial.json)
            blocks[position].finished = .toolCall(call)
            return [.toolCall(call)]
        }
        if let reasoning = block.reasoning {
            blocks[position].finished = .reasoning(reasoning)
        } else if !block.text.isEmpty {
            blocks[position].finished = .text(block.text)
        }
        return []
    }

    private static func stopReason(_ name: String?) throws(ModelError) -> StopReason {
        switch name {
        case "end_turn", "stop_sequence": return .endTurn
        case "tool_use": return .toolUse
        case "max_tokens": return .maximumTokens
        case "guardrail_intervened", "content_filtered", "refusal": return .refusal
        case "model_context_window_exceeded":
            throw .contextOverflow("It reported model_context_window_exceeded.")
        case "malformed_model_output", "malformed_tool_use":
            throw .malformedResponse("The model failed (\(name ?? "")).")
        case nil: return .other("none given")
        case let other?: return .other(EndpointFailure.quotable(other))
        }
    }

    private mutating func readUsage(_ counts: JSON) {
        usage = ModelUsage(
            input: ModelUsage.count(counts["inputTokens"]), output: ModelUsage.count(counts["outputTokens"]),
            cacheRead: ModelUsage.count(counts["cacheReadInputTokens"]),
            cacheWrite: ModelUsage.count(counts["cacheWriteInputTokens"]))
    }
}
