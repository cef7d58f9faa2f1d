import JSON

/// The Gemini API: `streamGenerateContent`. The key goes into a header, never into the address. The vendor caches
/// prefixes by itself.
struct Gemini: WireFormat {
    static let vendor = "gemini"
    static let defaultBaseURL = "https://generativelanguage.googleapis.com/v1beta"
    static let keyName = "GEMINI_API_KEY"

    /// What the vendor's documentation names for calls that another model made: newer models refuse calls of the turn
    /// under way without a proof.
    private static let foreignSignature = "skip_thought_signature_validator"
    /// Begins the ids that we make up for calls that came without; they are not sent back.
    static let madeUpID = "gemini-call-"

    private let baseURL: String
    let headers: [(name: String, value: String)]
    private let settings: ModelSettings

    init(_ settings: ModelSettings, baseURL: String) {
        self.baseURL = baseURL
        self.settings = settings
        headers = settings.apiKey.map { $0.isEmpty ? [] : [("x-goog-api-key", $0.reveal())] } ?? []
    }

    func makeDecoder() -> GeminiDecoder { GeminiDecoder(maximumBlocks: settings.limits.maximumBlocks) }

    func url(of request: ModelRequest) -> String {
        let method = settings.streams ? ":streamGenerateContent?alt=sse" : ":generateContent"
        return baseURL + "/models/" + PathSegment.encode(modelName(request)) + method
    }

    private func modelName(_ request: ModelRequest) -> String {
        let name = request.model ?? settings.model
        return name.hasPrefix("models/") ? String(name.dropFirst("models/".count)) : name
    }

    func body(of request: ModelRequest) -> JSON {
        var generation: JSON = [
            "maxOutputTokens": .number(JSONNumber(request.maximumOutputTokens ?? settings.maximumOutputTokens))
        ]
        if let budget = settings.thinkingBudget {
            generation["thinkingConfig"] = ["includeThoughts": true, "thinkingBudget": .number(JSONNumber(budget))]
        }
        var body: JSON = ["contents": .array(contents(request))]
        if !request.system.isEmpty { body["systemInstruction"] = ["parts": [["text": .string(request.system)]]] }
        if !request.tools.isEmpty {
            body["tools"] = [["functionDeclarations": .array(request.tools.map(Self.tool))]]
        }
        body["generationConfig"] = generation
        return settings.quirks.completed(body)
    }

    private static func tool(_ tool: ToolDefinition) -> JSON {
        var json: JSON = ["name": .string(tool.name), "description": .string(tool.description)]
        json["parameters"] = GeminiSchema.parameters(tool.parameters)
        return json
    }

    private func contents(_ request: ModelRequest) -> [JSON] {
        var names: [String: String] = [:]
        let name = modelName(request)
        let wantsProofs =
            name.hasPrefix("gemini-") && !name.hasPrefix("gemini-1") && !name.hasPrefix("gemini-2")
        return request.messages.alternating.compactMap { message in
            let parts: [JSON]
            if message.role == .assistant {
                for case .toolCall(let call) in message.content { names[call.id] = PortableName.tool(call.name) }
                parts = Self.modelParts(message.content, wantsProofs: wantsProofs)
            } else {
                parts = userParts(message.content, names: names)
            }
            guard !parts.isEmpty else { return nil }
            return ["role": .string(message.role == .assistant ? "model" : "user"), "parts": .array(parts)]
        }
    }

    private func userParts(_ blocks: [ContentBlock], names: [String: String]) -> [JSON] {
        var results: [JSON] = []
        var others: [JSON] = []
        for block in blocks {
            switch block {
            case .toolResult(let result):
                var response: JSON = [
                    "name": .string(names[result.callID] ?? "unnamed"),
                    "response": [result.isError ? "error" : "output": .string(result.text)],
                ]
                if !result.callID.hasPrefix(Self.madeUpID) {
                    response["id"] = .string(PortableName.callID(result.callID))
                }
                results.append(["functionResponse": response])
                others += result.images.map(image)
            case .text(let text): if !text.isEmpty { others.append(["text": .string(text)]) }
            case .image(let picture): others.append(image(picture))
            case .reasoning, .toolCall: break
            }
        }
        return results + others
    }

    private func image(_ image: ImageContent) -> JSON {
        guard settings.quirks.images else { return ["text": .string(ContentBlock.omittedPicture)] }
        return ["inlineData": ["mimeType": .string(image.mediaType), "data": .string(image.base64)]]
    }

    /// Proofs go back in the part that they came with: they stand before it, as reasoning without a text.
    private static func modelParts(_ blocks: [ContentBlock], wantsProofs: Bool) -> [JSON] {
        var parts: [JSON] = []
        var signature: String?
        var isFirstCall = true
        func append(_ part: JSON) {
            var part = part
            part["thoughtSignature"] = signature.map(JSON.string)
            signature = nil
            parts.append(part)
        }
        for block in blocks {
            switch block {
            case .text(let text):
                if !text.isEmpty { append(["text": .string(text)]) }
            case .reasoning(let reasoning):
                if reasoning.isOwn(of: vendor), let proof = reasoning.signature { signature = proof }
            case .toolCall(let call):
                var function: JSON = ["name": .string(PortableName.tool(call.name)), "args": call.arguments]
                if !call.id.hasPrefix(madeUpID) { function["id"] = .string(PortableName.callID(call.id)) }
                if isFirstCall, wantsProofs, signature == nil { signature = foreignSignature }
                isFirstCall = false
                append(["functionCall": function])
            case .toolResult, .image: break
            }
        }
        if signature != nil { append(["text": ""]) }
        return parts
    }
}
