import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The Converse API of Amazon Bedrock, as a stream of AWS events.
struct Bedrock: WireFormat {
    typealias Framing = EventStreamParser

    static let vendor = "bedrock"
    /// Never used: the address follows from the region.
    static let defaultBaseURL = "https://bedrock-runtime.us-east-1.amazonaws.com"
    static let listPath: String? = nil
    static let keyName = "AWS_ACCESS_KEY_ID"

    static func address(region: String) -> String {
        "https://bedrock-runtime.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
    }

    private static let cachePoint: JSON = ["cachePoint": ["type": "default"]]

    private let baseURL: String
    let headers: [(name: String, value: String)]
    private let settings: ModelSettings

    init(_ settings: ModelSettings, baseURL: String) {
        self.baseURL = baseURL
        self.settings = settings
        // Bedrock also has keys that are sent as they are.
        headers = settings.apiKey.map { $0.isEmpty ? [] : [("authorization", "Bearer \($0.reveal())")] } ?? []
    }

    func makeDecoder() -> BedrockDecoder {
        BedrockDecoder(model: settings.model, maximumBlocks: settings.limits.maximumBlocks)
    }

    func url(of request: ModelRequest) -> String {
        baseURL + path(of: request)
    }

    private func path(of request: ModelRequest) -> String {
        "/model/" + PathSegment.encode(request.model ?? settings.model)
            + (settings.streams ? "/converse-stream" : "/converse")
    }

    func authorization(url: String, body: [UInt8]) throws(ModelError) -> Authorization {
        guard let aws = settings.aws, let credentials = try aws.current() else { return Authorization() }
        let rest = url.drop { $0 != "/" }.dropFirst(2)
        let signer = SignatureV4(region: aws.region, service: "bedrock", credentials: credentials)
        let headers = signer.headers(
            method: "POST", path: String(rest.drop { $0 != "/" }),
            headers: [("host", String(rest.prefix { $0 != "/" })), ("content-type", "application/json")],
            body: body, seconds: time(nil))
        return Authorization(headers: headers, secrets: credentials.secrets)
    }

    func body(of request: ModelRequest) -> JSON {
        let limit = request.maximumOutputTokens ?? settings.maximumOutputTokens
        let caches = settings.quirks.promptCache ?? Self.cachesPrompts(request.model ?? settings.model)
        let messages = (request.tools.isEmpty ? request.messages.withToolsAsText : request.messages).alternating
        var body: JSON = ["inferenceConfig": ["maxTokens": .number(JSONNumber(limit))]]
        if !request.system.isEmpty {
            body["system"] = .array([["text": .string(request.system)]] + (caches ? [Self.cachePoint] : []))
        }
        body["messages"] = .array(self.messages(messages, caches: caches))
        if !request.tools.isEmpty {
            body["toolConfig"] = ["tools": .array(request.tools.map(Self.tool))]
        }
        if let budget = settings.thinkingBudget.map({ min($0, limit - 1) }), budget >= 1024 {
            body["additionalModelRequestFields"] = [
                "thinking": ["type": "enabled", "budget_tokens": .number(JSONNumber(budget))]
            ]
        }
        return settings.quirks.completed(body)
    }

    /// Other models refuse the marks.
    private static func cachesPrompts(_ model: String) -> Bool {
        model.contains("anthropic.claude") || model.contains("amazon.nova")
    }

    private static func tool(_ tool: ToolDefinition) -> JSON {
        [
            "toolSpec": [
                "name": .string(tool.name), "description": .string(tool.description),
                "inputSchema": ["json": tool.parameters],
            ]
        ]
    }

    private func messages(_ messages: [ModelMessage], caches: Bool) -> [JSON] {
        messages.enumerated().compactMap { offset, message in
            let results = message.content.filter(\.isToolResult)
            var content = (results + message.content.filter { !$0.isToolResult }).compactMap(block)
            guard !content.isEmpty else { return nil }
            if caches, offset == messages.count - 1, message.role == .user { content.append(Self.cachePoint) }
            return ["role": .string(message.role.rawValue), "content": .array(content)]
        }
    }

    /// A block, or nil for what the API refuses: empty text, and reasoning of others.
    private func block(_ block: ContentBlock) -> JSON? {
        switch block {
        case .text(let text):
            return text.allSatisfy(\.isWhitespace) ? nil : ["text": .string(text)]
        case .reasoning(let reasoning):
            guard reasoning.isOwn(of: Self.vendor) else { return nil }
            if let data = reasoning.redactedData { return ["reasoningContent": ["redactedContent": .string(data)]] }
            guard let signature = reasoning.signature else { return nil }
            return [
                "reasoningContent": [
                    "reasoningText": ["text": .string(reasoning.text), "signature": .string(signature)]
                ]
            ]
        case .toolCall(let call):
            return [
                "toolUse": [
                    "toolUseId": .string(PortableName.callID(call.id)), "name": .string(PortableName.tool(call.name)),
                    "input": call.arguments,
                ]
            ]
        case .toolResult(let result):
            // The API wants some content.
            let text = result.text.isEmpty && result.images.isEmpty ? "(empty)" : result.text
            let content: [JSON] = (text.isEmpty ? [] : [["text": .string(text)]]) + result.images.map(image)
            return [
                "toolResult": [
                    "toolUseId": .string(PortableName.callID(result.callID)), "content": .array(content),
                    "status": result.isError ? "error" : "success",
                ]
            ]
        case .image(let picture):
            return image(picture)
        }
    }

    private func image(_ image: ImageContent) -> JSON {
        guard settings.quirks.images else { return ["text": .string(ContentBlock.omittedPicture)] }
        let format = image.mediaType.dropFirst("image/".count)
        return ["image": ["format": .string(String(format)), "source": ["bytes": .string(image.base64)]]]
    }
}
