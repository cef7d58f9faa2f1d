import JSON
import Testing

@testable import Models

@Suite struct GeminiTests {
    private func play(
        _ chunks: [String], _ request: ModelRequest = .simple
    ) async throws -> (events: [ModelEvent], error: ModelError?, sent: StubEndpoint.Request) {
        let stream = chunks.map { "data: \($0)\n\n" }.joined()
        return try await StubEndpoint.with([.stream(stream)]) { endpoint in
            let outcome = await (try Vendor.gemini.provider(endpoint)).outcome(of: request)
            return (outcome.events, outcome.error as? ModelError, try #require(endpoint.requests.first))
        }
    }

    private let end = #"{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}],"usageMetadata":{}}"#

    @Test func requestHead() async throws {
        var request = ModelRequest.simple
        request.model = "models/gemini-x/../y"
        let sent = try await play([end], request).sent
        #expect(sent.head.uri == "/v1beta/models/gemini-x%2F..%2Fy:streamGenerateContent?alt=sse")
        #expect(sent.head.headers["x-goog-api-key"] == [Vendor.key.reveal()])
        #expect(!sent.head.uri.contains(Vendor.key.reveal()))
    }

    /// The proof of a call, and that of a text, go back in the part that they came with.
    @Test func proofsGoBackWhereTheyWere() async throws {
        let parts =
            #"[{"text":"A"},{"text":"B","thoughtSignature":"s1"},{"functionCall":{"name":"read_file","args":{"path":"a"}},"thoughtSignature":"s2"},{"functionCall":{"name":"read_file","args":{"path":"b"}}}]"#
        let answer = try await play([
            #"{"candidates":[{"content":{"role":"model","parts":\#(parts)},"finishReason":"STOP"}],"usageMetadata":{}}"#
        ])
        let response = try #require(answer.events.response)
        #expect(response.toolCalls.count == 2 && Set(response.toolCalls.map(\.id)).count == 2)
        var request = ModelRequest.simple
        request.messages += [
            .assistant(response.content),
            .toolResults(response.toolCalls.map { ToolResult(callID: $0.id, text: "x") }),
        ]
        let contents = try await play([end], request).sent.json["contents"]
        #expect(try contents?[1]?["parts"] == JSON(parsing: parts))
        let result: JSON = ["functionResponse": ["name": "read_file", "response": ["output": "x"]]]
        #expect(contents?[2]?["parts"] == [result, result])
    }

    /// Newer models refuse calls without a proof; of those that others made the documentation says what to send.
    @Test(arguments: [("gemini-3-pro", true), ("gemini-2.5-pro", false)])
    func callsOfOthers(model: String, isMarked: Bool) async throws {
        var request = ModelRequest.simple
        request.model = model
        let calls = ["t1", "t2"].map { ToolCall(id: $0, name: "f", arguments: [:]) }
        request.messages += [
            .assistant(calls.map(ContentBlock.toolCall)),
            .toolResults(calls.map { ToolResult(callID: $0.id, text: "x") }),
        ]
        let parts = try await play([end], request).sent.json["contents"]?[1]?["parts"]
        #expect((parts?[0]?["thoughtSignature"] != nil) == isMarked)
        #expect(parts?[1]?["thoughtSignature"] == nil)
    }

    @Test func blockedPrompt() async throws {
        let events = try await play([#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{}}"#])
            .events
        #expect(events.response?.stopReason == .refusal)
    }

    @Test(arguments: ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"])
    func failuresOfTheModel(reason: String) async throws {
        let error = try await play([#"{"candidates":[{"finishReason":"\#(reason)"}],"usageMetadata":{}}"#]).error
        guard case .malformedResponse? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// The counts may come after the reason.
    @Test func lateUsage() async throws {
        let events = try await play([
            #"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#,
            #"{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":1}}"#,
        ]).events
        #expect(events.response?.usage == ModelUsage(input: 9, output: 1))
    }

    @Test func googlesErrors() async throws {
        func error(_ body: String, _ status: Int) async throws -> ModelError {
            try await StubEndpoint.with([.json(body, status: status)]) {
                try await Vendor.gemini.provider($0).failure()
            }
        }
        let limited = try await error(
            #"[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}]"#,
            429)
        #expect(limited == .rateLimited(retryAfter: .seconds(7), detail: "It answered HTTP 429: quota"))
        let key = try await error(
            #"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
            400)
        #expect(key == .authentication("It answered HTTP 400: API key not valid."))
        let long = try await error(
            #"{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INVALID_ARGUMENT"}}"#,
            400)
        guard case .contextOverflow = long else {
            Issue.record("\(long)")
            return
        }
        let within = try await play([#"{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}"#]).error
        #expect(within == .overloaded(retryAfter: nil, detail: "It reported an error: busy"))
    }

    @Test(arguments: [
        (#"{"type":"object","properties":{}}"#, "null"),
        (
            ##"{"$schema":"x","type":"object","additionalProperties":false,"properties":{"a":{"type":["string","null"],"format":"uri"},"b":{"const":"x"},"c":{"type":"array"},"d":{"oneOf":[{"type":"integer","format":"int64"},{"type":"null"}]},"e":{"$ref":"#/$defs/e"},"f":{"type":"integer","enum":[1,2]}},"required":["a","gone"]}"##,
            #"{"type":"object","properties":{"a":{"nullable":true,"type":"string"},"b":{"type":"string","enum":["x"]},"c":{"type":"array","items":{"type":"string"}},"d":{"nullable":true,"anyOf":[{"type":"integer","format":"int64"}]},"e":{"type":"string"},"f":{"type":"integer"}},"required":["a"]}"#
        ),
    ])
    func schemas(schema: String, expected: String) throws {
        #expect(try (GeminiSchema.parameters(JSON(parsing: schema)) ?? .null) == JSON(parsing: expected))
    }

    @Test func deepSchemasAreCut() throws {
        var schema: JSON = ["type": "string"]
        for _ in 0..<400 { schema = ["type": "object", "properties": ["a": schema]] }
        #expect((GeminiSchema.parameters(schema)?.text.utf8.count ?? 0) < 2000)
    }
}
