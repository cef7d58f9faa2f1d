import JSON
import Testing

@testable import Models

@Suite struct ChatCompletionsTests {
    private func play(
        _ reply: StubEndpoint.Reply, _ request: ModelRequest = .simple
    ) async throws -> (events: [ModelEvent], error: (any Error)?, sent: StubEndpoint.Request) {
        try await StubEndpoint.with([reply]) { endpoint in
            let outcome = await (try Vendor.openai.provider(endpoint)).outcome(of: request)
            return (outcome.events, outcome.error, try #require(endpoint.requests.first))
        }
    }

    @Test func text() async throws {
        let outcome = try await play(.stream(ChatFixtures.greeting))
        #expect(outcome.events.dropLast() == [.textDelta("Grüße "), .textDelta("👋")])
        #expect(
            outcome.events.response
                == ModelResponse(
                    model: "gpt-test-1", content: [.text("Grüße 👋")], stopReason: .endTurn,
                    usage: ModelUsage(input: 20, output: 30, cacheRead: 100, reasoning: 12)))
    }

    @Test func reasoningAndParallelCalls() async throws {
        let outcome = try await play(.stream(ChatFixtures.reasoningAndCalls))
        let response = try #require(outcome.events.response)
        #expect(outcome.events.reasoning == "Let me look.")
        #expect(outcome.events.toolCalls == response.toolCalls)
        #expect(response.stopReason == .toolUse)
        #expect(
            response.content == [
                .reasoning(Reasoning(text: "Let me look.", provider: "openai")),
                .text("I read."),
                .toolCall(ToolCall(id: "call_1", name: "read_file", arguments: ["path": "a.c"])),
                .toolCall(ToolCall(id: "call_2", name: "list_files", arguments: [:])),
            ])
    }

    /// The ways in which servers send two calls, other than OpenAI's.
    @Test(arguments: [
        // Whole calls in one chunk, with indices.
        [
            #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]}"#
        ],
        // Whole calls without indices.
        [
            #"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]}"#,
            #"{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{}"}}]}"#,
        ],
        // Every call has the index 0.
        [
            #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]}"#,
            #"{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}"#,
        ],
        // Arguments are an object rather than a text.
        [
            #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}]}"#,
            #"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g"}}]}"#,
        ],
        // Id and name come again with every delta.
        [
            #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}"#,
            #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}]}"#,
            #"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":""}}]}"#,
        ],
        // Deltas without index go on with the last call.
        [
            #"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}"#,
            #"{"tool_calls":[{"function":{"arguments":":1}"}}]}"#,
            #"{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{}"}}]}"#,
        ],
    ])
    func serversDiffer(deltas: [String]) async throws {
        let stream = ChatFixtures.events(
            deltas.map { ChatFixtures.chunk($0) } + [ChatFixtures.chunk("{}", finish: "stop")])
        let response = try #require(try await play(.stream(stream)).events.response)
        #expect(
            response.toolCalls == [
                ToolCall(id: "a", name: "f", arguments: ["x": 1]), ToolCall(id: "b", name: "g", arguments: [:]),
            ])
        #expect(response.stopReason == .toolUse, "calls count, even if the server says stop")
    }

    @Test func missingIdsAreMadeUp() async throws {
        let stream = ChatFixtures.events([
            ChatFixtures.chunk(#"{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}"#),
            ChatFixtures.chunk(#"{"tool_calls":[{"function":{"name":"g","arguments":"{}"}}]}"#),
            ChatFixtures.chunk("{}", finish: "tool_calls"),
        ])
        let calls = try #require(try await play(.stream(stream)).events.response).toolCalls
        #expect(calls.map(\.name) == ["f", "g"])
        #expect(Set(calls.map(\.id)).count == 2)
        #expect(calls.allSatisfy { $0.id.hasPrefix("call_") })
    }

    @Test(arguments: [#"{"path": "a."#, "[1]", "not json"])
    func malformedArguments(text: String) async throws {
        let outcome = try await play(.stream(ChatFixtures.call(arguments: text)))
        #expect(
            outcome.events.response?.toolCalls == [
                ToolCall(id: "call_1", name: "read_file", arguments: [:], malformed: text)
            ])
    }

    @Test(arguments: [
        ("stop", StopReason.endTurn), ("length", .maximumTokens), ("tool_calls", .toolUse),
        ("content_filter", .refusal), ("strange", .other("strange")),
    ])
    func stopReasons(name: String, reason: StopReason) async throws {
        let stream = ChatFixtures.events([
            ChatFixtures.chunk(#"{"content":"x"}"#), ChatFixtures.chunk("{}", finish: name),
        ])
        #expect(try await play(.stream(stream)).events.response?.stopReason == reason)
    }

    @Test func refusal() async throws {
        let stream = ChatFixtures.events([
            ChatFixtures.chunk(#"{"refusal":"I can't "}"#), ChatFixtures.chunk(#"{"refusal":"do that."}"#),
            ChatFixtures.chunk("{}", finish: "stop"),
        ])
        let response = try #require(try await play(.stream(stream)).events.response)
        #expect(response.stopReason == .refusal)
        #expect(response.text == "I can't do that.")
    }

    @Test func endWithoutDoneCounts() async throws {
        let stream = ChatFixtures.events(ChatFixtures.greetingEvents, done: false)
        #expect(try await play(.stream(stream)).events.response?.text == "Grüße 👋")
    }

    /// A stream that ends cleanly before the finish_reason: the text so far must not pass for the answer.
    @Test(arguments: [true, false])
    func endWithoutFinishReasonIsACut(done: Bool) async throws {
        let stream = ChatFixtures.events(Array(ChatFixtures.greetingEvents.prefix(3)), done: done)
        let error = try await play(.stream(stream)).error as? ModelError
        #expect(error == .streamCut("the stream of events ended without a finish_reason."))
    }

    @Test func wholeAnswer() async throws {
        let outcome = try await play(.json(ChatFixtures.whole))
        let call = ToolCall(id: "call_1", name: "read_file", arguments: ["path": "a.c"])
        #expect(outcome.events.dropLast() == [.textDelta("I read."), .toolCall(call)])
        #expect(
            outcome.events.response
                == ModelResponse(
                    model: "gpt-test-1", content: [.text("I read."), .toolCall(call)], stopReason: .toolUse,
                    usage: ModelUsage(input: 25, output: 15)))
    }

    @Test(arguments: [
        (#"{"error":{"message":"Overloaded","type":"server_error"}}"#, true),
        (#"{"error":{"message":"bad","type":"invalid_request_error"}}"#, false),
        (#"{"error":"cannot load model"}"#, true),
    ])
    func errorWithinTheStream(event: String, isTransient: Bool) async throws {
        let outcome = try await play(.stream(ChatFixtures.events([ChatFixtures.greetingEvents[1], event])))
        #expect(outcome.events == [.textDelta("Grüße ")])
        #expect((outcome.error as? ModelError)?.isTransient == isTransient)
    }

    @Test func requestBody() async throws {
        let call = ToolCall(id: "t1", name: "read_file", arguments: ["path": "a.c"])
        let request = ModelRequest(
            system: "Be brief.",
            messages: [
                .user("Fix it"),
                .assistant([.reasoning(Reasoning(text: "Hm")), .text("I "), .text("read."), .toolCall(call)]),
                ModelMessage(
                    role: .user,
                    content: [.text("Also tidy up"), .toolResult(ToolResult(callID: "t1", text: "int main"))]),
            ],
            tools: [.readFile], maximumOutputTokens: 77, sessionKey: "s")
        let sent = try await play(.stream(ChatFixtures.greeting), request).sent
        #expect(sent.head.uri == "/v1/chat/completions")
        #expect(sent.head.headers["authorization"] == ["Bearer \(Vendor.key.reveal())"])
        let expected: JSON = [
            "model": "model-1", "stream": true, "stream_options": ["include_usage": true], "max_tokens": 77,
            "messages": [
                ["role": "system", "content": "Be brief."],
                ["role": "user", "content": "Fix it"],
                [
                    "role": "assistant", "content": "I read.",
                    "tool_calls": [
                        [
                            "id": "t1", "type": "function",
                            "function": ["name": "read_file", "arguments": #"{"path":"a.c"}"#],
                        ]
                    ],
                ],
                ["role": "tool", "tool_call_id": "t1", "content": "int main"],
                ["role": "user", "content": "Also tidy up"],
            ],
            "tools": [
                [
                    "type": "function",
                    "function": [
                        "name": "read_file", "description": "Reads a file",
                        "parameters": ToolDefinition.readFile.parameters,
                    ],
                ]
            ],
        ]
        #expect(sent.json == expected)
    }
}
