import JSON

/// Reads an answer of the Responses API: items by `output_index`, each added, filled by deltas and done, then one event
/// that ends the answer: `response.completed`, `response.incomplete` or `response.failed`. Unknown events and items are
/// passed over. An item that is done is authoritative; the deltas before it are for display.
struct ResponsesDecoder: WireDecoder {
    private struct Item {
        var index: Int
        var text = ""
        var reasoning = ""
        var block: [ContentBlock] = []
        var isDone = false
    }

    private let maximumBlocks: Int
    private var items: [Item] = []
    private var model = ""
    private var isRefusal = false
    private var stopReason: StopReason?
    private var usage = ModelUsage()
    private(set) var isComplete = false

    init(maximumBlocks: Int) {
        self.maximumBlocks = maximumBlocks
    }

    mutating func decode(_ event: ServerSentEvent) throws(ModelError) -> [ModelEvent] {
        // Some gateways end the stream as Chat Completions does.
        if event.data.elementsEqual("[DONE]".utf8) { return [] }
        let json = try json(event.data)
        switch json["type"]?.stringValue {
        case "response.output_text.delta":
            let position = try position(of: json)
            return text(json["delta"], at: position)
        case "response.refusal.delta":
            isRefusal = true
            let position = try position(of: json)
            return text(json["delta"], at: position)
        case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
            let position = try position(of: json)
            return reasoning(json["delta"]?.nonEmptyString, at: position)
        case "response.reasoning_summary_part.added":
            let position = try position(of: json)
            return reasoning(items[position].reasoning.isEmpty ? nil : Self.separator, at: position)
        case "response.output_item.done":
            let position = try position(of: json)
            return try finish(json["item"] ?? .null, at: position)
        case "response.created", "response.in_progress":
            model = json["response"]?["model"]?.stringValue ?? model
        case "response.completed", "response.incomplete":
            return try end(json["response"] ?? .null)
        case "response.failed":
            throw Self.failure(json["response"]?["error"] ?? .null)
        case "error":
            throw Self.failure(json["error"] ?? json)
        case nil:
            // A proxy in between reports its own failures.
            if let error = json["error"], !error.isNull { throw EndpointFailure(status: nil, json: json).modelError }
        default:
            break
        }
        return []
    }

    mutating func decodeWhole(_ answer: JSON) throws(ModelError) -> [ModelEvent] {
        if answer["status"]?.stringValue == "failed" { throw Self.failure(answer["error"] ?? .null) }
        if let error = answer["error"], !error.isNull { throw EndpointFailure(status: nil, json: answer).modelError }
        guard answer["output"]?.arrayValue != nil else { throw .malformedResponse("The answer has no output.") }
        return try end(answer)
    }

    mutating func finish() throws(ModelError) -> ModelResponse {
        guard isComplete else { throw .streamCut("the stream of events ended without response.completed.") }
        let content = items.sorted { $0.index < $1.index }.flatMap(\.block)
        let hasCalls = content.contains { if case .toolCall = $0 { true } else { false } }
        let reason = stopReason ?? (isRefusal ? .refusal : hasCalls ? .toolUse : .endTurn)
        return ModelResponse(model: model, content: content, stopReason: reason, usage: usage)
    }

    /// Between the parts of a summary.
    private static let separator = "\n\n"

    /// An error of this API has the type only in `code`.
    private static func failure(_ error: JSON) -> ModelError {
        var error = error
        if error["code"]?.stringValue != nil { error["type"] = nil }
        return EndpointFailure(status: nil, json: ["error": error]).modelError
    }
}

// MARK: - Items

extension ResponsesDecoder {
    /// The item that an event names; a new one when it is the first of it.
    private mutating func position(of json: JSON) throws(ModelError) -> Int {
        guard let index = json["output_index"]?.intValue else {
            throw .malformedResponse("An event of an output item has no output_index.")
        }
        if let position = items.lastIndex(where: { $0.index == index }) {
            guard !items[position].isDone else {
                throw .malformedResponse("Output item \(index) goes on after it was done.")
            }
            return position
        }
        guard items.count < maximumBlocks else {
            throw .malformedResponse("The answer has more than \(maximumBlocks) output items.")
        }
        items.append(Item(index: index))
        return items.count - 1
    }

    private mutating func text(_ delta: JSON?, at position: Int) -> [ModelEvent] {
        guard let part = delta?.nonEmptyString else { return [] }
        items[position].text += part
        return [.textDelta(part)]
    }

    private mutating func reasoning(_ part: String?, at position: Int) -> [ModelEvent] {
        guard let part else { return [] }
        items[position].reasoning += part
        return [.reasoningDelta(part)]
    }

    /// Takes a whole item; returns what its deltas have not shown.
    private mutating func finish(_ item: JSON, at position: Int) throws(ModelError) -> [ModelEvent] {
        items[position].isDone = true
        switch item["type"]?.stringValue {
        case "message":
            let parts = item["content"]?.arrayValue ?? []
            if parts.contains(where: { $0["type"]?.stringValue == "refusal" }) { isRefusal = true }
            let text = parts.reduce(into: "") { $0 += $1["text"]?.stringValue ?? $1["refusal"]?.stringValue ?? "" }
            let isNew = items[position].text.isEmpty && !text.isEmpty
            items[position].block = text.isEmpty ? [] : [.text(text)]
            return isNew ? [.textDelta(text)] : []
        case "reasoning":
            let parts = item["summary"]?.arrayValue ?? []
            let summary = (parts.isEmpty ? item["content"]?.arrayValue ?? [] : parts)
                .compactMap { $0["text"]?.nonEmptyString }.joined(separator: Self.separator)
            let reasoning = Reasoning(
                text: summary, signature: item["id"]?.nonEmptyString,
                redactedData: item["encrypted_content"]?.nonEmptyString, provider: Responses.vendor)
            let isNew = items[position].reasoning.isEmpty && !summary.isEmpty
            items[position].block = [.reasoning(reasoning)]
            return isNew ? [.reasoningDelta(summary)] : []
        case "function_call":
            guard let id = item["call_id"]?.nonEmptyString ?? item["id"]?.nonEmptyString,
                let name = item["name"]?.nonEmptyString
            else {
                throw .malformedResponse("A function_call has no call_id or no name.")
            }
            let call = ToolCall(id: id, name: name, rawArguments: item["arguments"]?.stringValue ?? "")
            items[position].block = [.toolCall(call)]
            return [.toolCall(call)]
        default:
            return []
        }
    }

    /// Takes the response that ends the answer. Its items count where no event had told of them.
    private mutating func end(_ response: JSON) throws(ModelError) -> [ModelEvent] {
        model = response["model"]?.nonEmptyString ?? model
        readUsage(response["usage"] ?? .null)
        var events: [ModelEvent] = []
        for (index, item) in (response["output"]?.arrayValue ?? []).enumerated() {
            if items.contains(where: { $0.index == index && $0.isDone }) { continue }
            let position = try position(of: ["output_index": .number(JSONNumber(index))])
            events += try finish(item, at: position)
        }
        for position in items.indices where !items[position].isDone {
            // Cut by the limit of tokens, without an end of its own.
            items[position].isDone = true
            if !items[position].text.isEmpty { items[position].block = [.text(items[position].text)] }
        }
        switch response["incomplete_details"]?["reason"]?.stringValue {
        case nil: break
        case "max_output_tokens": stopReason = .maximumTokens
        case "content_filter": stopReason = .refusal
        case let other?: stopReason = .other(EndpointFailure.quotable(other))
        }
        isComplete = true
        return events
    }

    private mutating func readUsage(_ counts: JSON) {
        let cached = ModelUsage.count(counts["input_tokens_details"]?["cached_tokens"])
        usage = ModelUsage(
            input: max(0, ModelUsage.count(counts["input_tokens"]) - cached),
            output: ModelUsage.count(counts["output_tokens"]), cacheRead: cached,
            reasoning: ModelUsage.count(counts["output_tokens_details"]?["reasoning_tokens"]))
    }
}
