import JSON
import Testing

@testable import Models

@Suite struct AnthropicTests {
    private func play(
        _ reply: StubEndpoint.Reply, _ request: ModelRequest = .simple
    ) async throws -> (events: [ModelEvent], error: (any Error)?, sent: StubEndpoint.Request) {
        try await StubEndpoint.with([reply]) { endpoint in
            let outcome = await (try Vendor.anthropic.provider(endpoint)).outcome(of: request)
            return (outcome.events, outcome.error, try #require(endpoint.requests.first))
        }
    }

    @Test func text() async throws {
        let outcome = try await play(.stream(AnthropicFixtures.greeting))
        #expect(outcome.events.dropLast() == [.textDelta("Grüße "), .textDelta("👋")])
        #expect(
            outcome.events.response
                == ModelResponse(
                    model: "claude-test-1", content: [.text("Grüße 👋")], stopReason: .endTurn,
                    usage: ModelUsage(input: 25, output: 15, cacheRead: 100, cacheWrite: 7)))
    }

    @Test func reasoningAndParallelCalls() async throws {
        let outcome = try await play(.stream(AnthropicFixtures.reasoningAndCalls))
        let response = try #require(outcome.events.response)
        #expect(outcome.events.reasoning == "Let me look.")
        #expect(outcome.events.toolCalls == response.toolCalls)
        #expect(response.stopReason == .toolUse)
        #expect(
            response.content == [
                .reasoning(Reasoning(text: "Let me look.", signature: "EqQBCg", provider: "anthropic")),
                .reasoning(Reasoning(text: "", redactedData: "secret==", provider: "anthropic")),
                .text("I read."),
                .toolCall(ToolCall(id: "toolu_1", name: "read_file", arguments: ["path": "a.c"])),
                .toolCall(ToolCall(id: "toolu_2", name: "list_files", arguments: [:])),
            ])
    }

    @Test(arguments: [#"{"path": "a."#, "[1]", "not json", #"{"a":1,"a":2}"#])
    func malformedArguments(text: String) async throws {
        let outcome = try await play(.stream(AnthropicFixtures.call(arguments: text)))
        #expect(
            outcome.events.response?.toolCalls == [
                ToolCall(id: "toolu_1", name: "read_file", arguments: [:], malformed: text)
            ])
    }

    @Test(arguments: [
        ("end_turn", StopReason.endTurn), ("stop_sequence", .endTurn), ("tool_use", .toolUse),
        ("max_tokens", .maximumTokens), ("refusal", .refusal), ("pause_turn", .other("pause_turn")),
    ])
    func stopReasons(name: String, reason: StopReason) async throws {
        let stream = AnthropicFixtures.events([AnthropicFixtures.start] + AnthropicFixtures.end(name))
        #expect(try await play(.stream(stream)).events.response?.stopReason == reason)
    }

    @Test func wholeAnswer() async throws {
        let outcome = try await play(.json(AnthropicFixtures.whole))
        let call = ToolCall(id: "toolu_1", name: "read_file", arguments: ["path": "a.c"])
        #expect(outcome.events.dropLast() == [.textDelta("I read."), .toolCall(call)])
        #expect(
            outcome.events.response
                == ModelResponse(
                    model: "claude-test-1", content: [.text("I read."), .toolCall(call)], stopReason: .toolUse,
                    usage: ModelUsage(input: 25, output: 15)))
    }

    @Test func errorEventWithinTheStream() async throws {
        let stream =
            AnthropicFixtures.events(Array(AnthropicFixtures.greetingEvents.prefix(4)))
            + AnthropicFixtures.events([#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#]
            )
        let outcome = try await play(.stream(stream))
        #expect(outcome.events == [.textDelta("Grüße ")])
        #expect(
            outcome.error as? ModelError
                == .overloaded(retryAfter: nil, detail: "It reported an error: Overloaded"))
    }

    @Test(arguments: [
        #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}"#,
        #"{"type":"content_block_start","content_block":{"type":"text","text":""}}"#,
        #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"","name":""}}"#,
        #"{"type":"content_block_stop","index":-1}"#,
        #"{"type":"#,
        "\u{0}",
    ])
    func nonsense(event: String) async throws {
        let stream = AnthropicFixtures.events([AnthropicFixtures.start]) + "data: \(event)\n\n"
        let error = try await play(.stream(stream)).error as? ModelError
        guard case .malformedResponse = error else {
            Issue.record("expected malformedResponse, got \(String(describing: error))")
            return
        }
    }

    @Test func absurdUsageCountsAsNothing() async throws {
        let stream = AnthropicFixtures.greeting.replacing("\"output_tokens\":15", with: "\"output_tokens\":-9e99")
        #expect(try await play(.stream(stream)).events.response?.usage.output == 0)
    }

    @Test func requestHead() async throws {
        let sent = try await play(.stream(AnthropicFixtures.greeting)).sent
        #expect(sent.head.method == .POST)
        #expect(sent.head.uri == "/v1/messages")
        #expect(sent.head.headers["x-api-key"] == [Vendor.key.reveal()])
        #expect(sent.head.headers["anthropic-version"] == ["2023-06-01"])
        #expect(sent.head.headers["content-type"] == ["application/json"])
    }

    @Test func requestBody() async throws {
        let call = ToolCall(id: "t1", name: "read_file", arguments: ["path": "a.c"])
        let broken = ToolCall(id: "t2", name: "read_file", arguments: [:], malformed: "{")
        let request = ModelRequest(
            model: "other-model", system: "Be brief.",
            messages: [
                .user("Fix it"),
                .assistant([
                    .reasoning(Reasoning(text: "Hm", signature: "sig")), .reasoning(Reasoning(text: "unsigned")),
                    .reasoning(Reasoning(text: "", redactedData: "x==")), .text(""), .toolCall(call), .toolCall(broken),
                ]),
                .toolResults([ToolResult(callID: "t1", text: "int main")]),
                .toolResults([ToolResult(callID: "t2", text: "bad arguments", isError: true)]),
                .user("Also tidy up"),
            ],
            tools: [.listFiles, .readFile], maximumOutputTokens: 77, sessionKey: "s")
        let sent = try await play(.stream(AnthropicFixtures.greeting), request).sent
        let ephemeral: JSON = ["type": "ephemeral"]
        let expected: JSON = [
            "model": "other-model", "max_tokens": 77, "stream": true,
            "system": [["type": "text", "text": "Be brief.", "cache_control": ephemeral]],
            "tools": [
                [
                    "name": "list_files", "description": "Lists files",
                    "input_schema": ["type": "object", "properties": [:]],
                ],
                [
                    "name": "read_file", "description": "Reads a file",
                    "input_schema": ToolDefinition.readFile.parameters,
                    "cache_control": ephemeral,
                ],
            ],
            "messages": [
                ["role": "user", "content": [["type": "text", "text": "Fix it"]]],
                [
                    "role": "assistant",
                    "content": [
                        ["type": "thinking", "thinking": "Hm", "signature": "sig"],
                        ["type": "redacted_thinking", "data": "x=="],
                        ["type": "tool_use", "id": "t1", "name": "read_file", "input": ["path": "a.c"]],
                        ["type": "tool_use", "id": "t2", "name": "read_file", "input": [:]],
                    ],
                ],
                [
                    "role": "user",
                    "content": [
                        ["type": "tool_result", "tool_use_id": "t1", "content": "int main"],
                        [
                            "type": "tool_result", "tool_use_id": "t2", "content": "bad arguments", "is_error": true,
                        ],
                        ["type": "text", "text": "Also tidy up", "cache_control": ephemeral],
                    ],
                ],
            ],
        ]
        #expect(sent.json == expected)
    }
}
