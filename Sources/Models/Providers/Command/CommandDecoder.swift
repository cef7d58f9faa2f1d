import JSON

/// Lines of text, each an event.
struct LineFraming: StreamFraming {
    static let mediaType = "application/x-ndjson"

    private let maximumLineBytes: Int
    private var line: [UInt8] = []

    init(maximumLineBytes: Int) {
        self.maximumLineBytes = maximumLineBytes
    }

    mutating func feed(_ chunk: some Collection<UInt8>) throws -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try append(rest[..<end])
            if line.contains(where: { $0 > 0x20 }) { events.append(ServerSentEvent(data: line)) }
            line.removeAll(keepingCapacity: true)
            rest = rest[rest.index(after: end)...]
        }
        try append(rest)
        return events
    }

    private mutating func append(_ part: some Collection<UInt8>) throws {
        guard line.count + part.count <= maximumLineBytes else {
            throw ServerSentEventParser.TooLong(limit: maximumLineBytes)
        }
        line.append(contentsOf: part)
    }
}

/// Reads what a program of ``ModelCommand`` writes. Unknown types are passed over.
struct CommandDecoder: WireDecoder {
    private let maximumBlocks: Int
    private var model: String
    private var content: [ContentBlock] = []
    private var text = ""
    private var reasoning = ""
    private var stopReason: StopReason?
    private var usage = ModelUsage()

    init(model: String, maximumBlocks: Int) {
        self.model = model
        self.maximumBlocks = maximumBlocks
    }

    var isComplete: Bool { stopReason != nil }

    mutating func decode(_ event: ServerSentEvent) throws(ModelError) -> [ModelEvent] {
        let json = try json(event.data)
        switch json["type"]?.stringValue {
        case "textDelta":
            guard let part = json["text"]?.nonEmptyString else { return [] }
            try endReasoning()
            text += part
            return [.textDelta(part)]
        case "reasoningDelta":
            guard let part = json["text"]?.nonEmptyString else { return [] }
            try endText()
            reasoning += part
            return [.reasoningDelta(part)]
        case "reasoningProof":
            try endText()
            let block = Reasoning(
                text: reasoning, signature: json["signature"]?.nonEmptyString,
                redactedData: json["redactedData"]?.nonEmptyString, provider: CommandProvider.vendor)
            reasoning = ""
            try append(.reasoning(block))
        case "toolCall":
            guard let id = json["id"]?.nonEmptyString, let name = json["name"]?.nonEmptyString else {
                throw .malformedResponse("A toolCall has no id or no name.")
            }
            let arguments = json["arguments"]
            let call = ToolCall(
                id: id, name: name, rawArguments: arguments?.stringValue ?? arguments.map(\.text) ?? "")
            try endText()
            try endReasoning()
            try append(.toolCall(call))
            return [.toolCall(call)]
        case "completed":
            try endText()
            try endReasoning()
            let hasCalls = content.contains { if case .toolCall = $0 { true } else { false } }
            let name = json["stopReason"]?.nonEmptyString.map(EndpointFailure.quotable)
            stopReason = name.map(StopReason.init(name:)) ?? (hasCalls ? .toolUse : .endTurn)
            model = json["model"]?.nonEmptyString ?? model
            usage = ModelUsage(json: json["usage"] ?? .null)
        case "error":
            throw Self.failure(json)
        default:
            break
        }
        return []
    }

    mutating func decodeWhole(_ answer: JSON) throws(ModelError) -> [ModelEvent] {
        throw .malformedResponse("A program answers in lines.")
    }

    mutating func finish() throws(ModelError) -> ModelResponse {
        guard let stopReason else { throw .streamCut("the program ended without the line 'completed'.") }
        return ModelResponse(model: model, content: content, stopReason: stopReason, usage: usage)
    }

    private mutating func endText() throws(ModelError) {
        guard !text.isEmpty else { return }
        try append(.text(text))
        text = ""
    }

    private mutating func endReasoning() throws(ModelError) {
        guard !reasoning.isEmpty else { return }
        try append(.reasoning(Reasoning(text: reasoning, provider: CommandProvider.vendor)))
        reasoning = ""
    }

    private mutating func append(_ block: ContentBlock) throws(ModelError) {
        guard content.count < maximumBlocks else {
            throw .malformedResponse("The answer has more than \(maximumBlocks) blocks.")
        }
        content.append(block)
    }

    private static func failure(_ json: JSON) -> ModelError {
        let message = EndpointFailure.quotable(json["message"]?.stringValue ?? "")
        let delay = json["retryAfterSeconds"]?.doubleValue.flatMap(Duration.bounded(seconds:))
        switch json["kind"]?.stringValue {
        case "authentication": return .authentication(message)
        case "rateLimited": return .rateLimited(retryAfter: delay, detail: message)
        case "contextOverflow": return .contextOverflow(message)
        case "invalidRequest": return .invalidRequest(message)
        default: return .overloaded(retryAfter: delay, detail: message)
        }
    }
}
