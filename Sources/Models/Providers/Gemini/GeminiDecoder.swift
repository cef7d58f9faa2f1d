import JSON

/// Reads an answer of the Gemini API: chunks that each look like a whole answer, with the parts that are new. The chunk
/// with a `finishReason` ends it; there is no other mark of the end.
struct GeminiDecoder: WireDecoder {
    private let maximumBlocks: Int
    private var content: [ContentBlock] = []
    private var model = ""
    private var stopReason: StopReason?
    private var usage = ModelUsage()
    private(set) var isComplete = false

    init(maximumBlocks: Int) {
        self.maximumBlocks = maximumBlocks
    }

    mutating func decode(_ event: ServerSentEvent) throws(ModelError) -> [ModelEvent] {
        try read(try json(event.data))
    }

    mutating func decodeWhole(_ answer: JSON) throws(ModelError) -> [ModelEvent] {
        let events = try read(answer)
        guard stopReason != nil else { throw .malformedResponse("The answer has no candidate that ended.") }
        isComplete = true
        return events
    }

    mutating func finish() throws(ModelError) -> ModelResponse {
        guard let reason = stopReason else {
            throw .streamCut("the stream of events ended without a finishReason.")
        }
        let hasCalls = content.contains { if case .toolCall = $0 { true } else { false } }
        return ModelResponse(
            model: model, content: content, stopReason: reason == .endTurn && hasCalls ? .toolUse : reason,
            usage: usage)
    }

    private mutating func read(_ json: JSON) throws(ModelError) -> [ModelEvent] {
        if let error = (json[0] ?? json)["error"], !error.isNull {
            throw EndpointFailure(status: nil, json: json).modelError
        }
        guard json.objectValue != nil else { throw .malformedResponse("An event of the stream is not a JSON object.") }
        if model.isEmpty { model = json["modelVersion"]?.stringValue ?? "" }
        readUsage(json["usageMetadata"])
        if let reason = json["promptFeedback"]?["blockReason"]?.nonEmptyString, json["candidates"]?[0] == nil {
            stopReason = .refusal
            isComplete = true
            let text = "The prompt was blocked: \(EndpointFailure.quotable(reason))."
            return try append(.text(text), showing: .textDelta(text))
        }
        guard let candidate = json["candidates"]?[0] else { return [] }
        var events: [ModelEvent] = []
        for part in candidate["content"]?["parts"]?.arrayValue ?? [] { events += try read(part: part) }
        if let reason = candidate["finishReason"]?.nonEmptyString {
            stopReason = try Self.stopReason(reason, candidate["finishMessage"]?.stringValue)
            // The counts may come after; then the end of the stream is waited for.
            isComplete = json["usageMetadata"]?.objectValue != nil
        }
        return events
    }

    private mutating func read(part: JSON) throws(ModelError) -> [ModelEvent] {
        try keepProof(of: part)
        if let call = part["functionCall"] {
            guard let name = call["name"]?.nonEmptyString else {
                throw .malformedResponse("A functionCall has no name.")
            }
            let id = call["id"]?.nonEmptyString ?? Gemini.madeUpID + String(UInt64.random(in: .min ... .max), radix: 36)
            let arguments = call["args"].map { $0.isNull ? "" : $0.text } ?? ""
            let toolCall = ToolCall(id: id, name: name, rawArguments: arguments)
            return try append(.toolCall(toolCall), showing: .toolCall(toolCall))
        }
        guard let text = part["text"]?.nonEmptyString else { return [] }
        if part["thought"]?.boolValue == true {
            if case .reasoning(var reasoning)? = content.popLast(if: \.isUnprovenReasoning) {
                reasoning.text += text
                content.append(.reasoning(reasoning))
                return [.reasoningDelta(text)]
            }
            let reasoning = Reasoning(text: text, provider: Gemini.vendor)
            return try append(.reasoning(reasoning), showing: .reasoningDelta(text))
        }
        if case .text(var before)? = content.popLast(if: \.isText) {
            before += text
            content.append(.text(before))
            return [.textDelta(text)]
        }
        return try append(.text(text), showing: .textDelta(text))
    }

    /// Keeps the proof of a part before the part, as reasoning without a text.
    private mutating func keepProof(of part: JSON) throws(ModelError) {
        guard let signature = part["thoughtSignature"]?.nonEmptyString else { return }
        _ = try append(.reasoning(Reasoning(text: "", signature: signature, provider: Gemini.vendor)), showing: nil)
    }

    private mutating func append(_ block: ContentBlock, showing event: ModelEvent?) throws(ModelError) -> [ModelEvent] {
        guard content.count < maximumBlocks else {
            throw .malformedResponse("The answer has more than \(maximumBlocks) parts.")
        }
        content.append(block)
        return event.map { [$0] } ?? []
    }

    private static func stopReason(_ name: String, _ message: String?) throws(ModelError) -> StopReason {
        switch name {
        case "STOP": return .endTurn
        case "MAX_TOKENS": return .maximumTokens
        case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR":
            return .refusal
        case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE":
            // The vendor keeps the call to itself, so there is nothing to answer; another attempt may do better.
            throw .malformedResponse("The model failed (\(name)). \(EndpointFailure.quotable(message ?? ""))")
        default: return .other(EndpointFailure.quotable(name))
        }
    }

    /// Counts are totals so far. `promptTokenCount` has the cached tokens in it.
    private mutating func readUsage(_ counts: JSON?) {
        guard let counts, counts.objectValue != nil else { return }
        let cached = ModelUsage.count(counts["cachedContentTokenCount"])
        let prompt =
            ModelUsage.count(counts["promptTokenCount"]) + ModelUsage.count(counts["toolUsePromptTokenCount"])
        let thoughts = ModelUsage.count(counts["thoughtsTokenCount"])
        usage = ModelUsage(
            input: max(0, prompt - cached), output: ModelUsage.count(counts["candidatesTokenCount"]) + thoughts,
            cacheRead: cached, reasoning: thoughts)
    }
}

extension ContentBlock {
    fileprivate var isText: Bool {
        if case .text = self { true } else { false }
    }

    fileprivate var isUnprovenReasoning: Bool {
        if case .reasoning(let reasoning) = self { reasoning.signature == nil } else { false }
    }
}

extension [ContentBlock] {
    /// The last element, taken out so that its text can be appended to in place.
    fileprivate mutating func popLast(if isWanted: (ContentBlock) -> Bool) -> ContentBlock? {
        guard let last, isWanted(last) else { return nil }
        return popLast()
    }
}
