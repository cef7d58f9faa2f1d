import JSON
import Testing

@testable import Models

@Suite struct ResponsesTests {
    private func play(
        _ reply: StubEndpoint.Reply, _ request: ModelRequest = .simple
    ) async throws -> (events: [ModelEvent], error: ModelError?, sent: StubEndpoint.Request) {
        try await StubEndpoint.with([reply]) { endpoint in
            let outcome = await (try Vendor.responses.provider(endpoint)).outcome(of: request)
            return (outcome.events, outcome.error as? ModelError, try #require(endpoint.requests.first))
        }
    }

    @Test func requestBody() async throws {
        let request = ModelRequest(
            system: "Be brief.",
            messages: [
                .user("Fix it"),
                .assistant([
                    .reasoning(
                        Reasoning(text: "Hm", signature: "rs_1", redactedData: "e==", provider: "openai-responses")),
                    .reasoning(Reasoning(text: "of another", signature: "sig", provider: "anthropic")),
                    .text("I read."), .toolCall(ToolCall(id: "t1", name: "read_file", arguments: ["path": "a.c"])),
                    // Nothing follows it, so the API would refuse it.
                    .reasoning(
                        Reasoning(text: "", signature: "rs_2", redactedData: "f==", provider: "openai-responses")),
                ]),
                ModelMessage(
                    role: .user, content: [.text("Go on"), .toolResult(ToolResult(callID: "t1", text: "int main"))]),
            ],
            tools: [.readFile], maximumOutputTokens: 77, sessionKey: "s")
        let sent = try await play(Vendor.responses.reply(Vendor.responses.greeting), request).sent
        #expect(sent.head.uri == "/v1/responses")
        #expect(sent.head.headers["authorization"] == ["Bearer \(Vendor.key.reveal())"])
        let expected: JSON = [
            "model": "model-1", "stream": true, "store": false, "max_output_tokens": 77,
            "include": ["reasoning.encrypted_content"], "prompt_cache_key": "s", "instructions": "Be brief.",
            "input": [
                ["role": "user", "content": [["type": "input_text", "text": "Fix it"]]],
                [
                    "type": "reasoning", "id": "rs_1", "summary": [["type": "summary_text", "text": "Hm"]],
                    "encrypted_content": "e==",
                ],
                [
                    "type": "message", "role": "assistant",
                    "content": [["type": "output_text", "text": "I read.", "annotations": []]],
                ],
                ["type": "function_call", "call_id": "t1", "name": "read_file", "arguments": #"{"path":"a.c"}"#],
                ["type": "function_call_output", "call_id": "t1", "output": "int main"],
                ["role": "user", "content": [["type": "input_text", "text": "Go on"]]],
            ],
            "tools": [
                [
                    "type": "function", "name": "read_file", "description": "Reads a file",
                    "parameters": ToolDefinition.readFile.parameters, "strict": false,
                ]
            ],
            "parallel_tool_calls": true,
        ]
        #expect(sent.json == expected)
    }

    @Test(arguments: [
        (
            #"{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}}}"#,
            true
        ),
        (
            #"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"m"}}}"#,
            true
        ),
        (
            #"{"type":"response.failed","response":{"status":"failed","error":{"code":"context_length_exceeded","message":"m"}}}"#,
            false
        ),
        (
            #"{"type":"response.failed","response":{"status":"failed","error":{"code":"invalid_prompt","message":"m"}}}"#,
            false
        ),
        (#"{"type":"error","code":"rate_limit_exceeded","message":"m","param":null}"#, true),
        (#"{"type":"error","error":{"type":"invalid_request_error","code":null,"message":"m"}}"#, false),
        (#"{"error":{"type":"authentication_error","message":"m"}}"#, false),
    ])
    func errorsWithinTheStream(event: String, isTransient: Bool) async throws {
        var reply = Vendor.responses.reply(Vendor.responses.beginning)
        reply.chunks.append(Array("data: \(event)\n\n".utf8))
        let error = try #require(try await play(reply).error)
        #expect(error.isTransient == isTransient, "\(error)")
        #expect(error.description.contains("m"))
    }

    @Test func filtered() async throws {
        let event =
            #"{"type":"response.incomplete","response":{"model":"m","status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}}"#
        let events = try await play(.stream("data: \(event)\n\n")).events
        #expect(events.response?.stopReason == .refusal)
    }

    /// Servers that send no deltas, or no items but at the end.
    @Test func itemsAtTheEndOnly() async throws {
        let output =
            #"[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"web_search_call","id":"w"}]"#
        let response =
            #"{"id":"r","object":"response","model":"m","status":"completed","error":null,"output":\#(output)}"#
        for reply in [
            StubEndpoint.Reply.stream("data: {\"type\":\"response.completed\",\"response\":\(response)}\n\n"),
            .json(response),
        ] {
            let events = try await play(reply).events
            #expect(events.text == "x")
            #expect(
                events.response?.content == [
                    .text("x"), .toolCall(ToolCall(id: "c", name: "f", arguments: [:])),
                ])
            #expect(events.response?.stopReason == .toolUse)
        }
    }

    @Test(arguments: [
        #"{"type":"response.output_text.delta","delta":"x"}"#,
        #"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call"}}"#, "[", "{\"type\":",
    ])
    func nonsense(event: String) async throws {
        let error = try await play(.stream("data: \(event)\n\n")).error
        guard case .malformedResponse? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
