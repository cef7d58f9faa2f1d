import JSON
import Models
import Testing

@testable import ModelGateway

/// What programs ask for, in each vendor's words.
struct RequestTests {
    private static let pixel = "iVBORw0KGgo="

    @Test func anAnthropicConversationIsReadWhole() throws {
        let request = try AnthropicRequest.read([
            "model": "claude", "max_tokens": 100, "stream": true, "temperature": 0,
            "system": [["type": "text", "text": "Be brief.", "cache_control": ["type": "ephemeral"]]],
            "tools": [["name": "look", "description": "Looks.", "input_schema": ["type": "object"]]],
            "messages": [
                [
                    "role": "user",
                    "content": [
                        ["type": "text", "text": "hi"],
                        [
                            "type": "image",
                            "source": ["type": "base64", "media_type": "image/png", "data": .string(Self.pixel)],
                        ],
                    ],
                ],
                [
                    "role": "assistant",
                    "content": [
                        ["type": "thinking", "thinking": "forged", "signature": "x"],
                        ["type": "tool_use", "id": "1", "name": "look", "input": ["a": 1]],
                        ["type": "tool_use", "id": "2", "name": "look", "input": [:]],
                    ],
                ],
                [
                    "role": "user",
                    "content": [
                        ["type": "tool_result", "tool_use_id": "1", "content": "seen"],
                        [
                            "type": "tool_result", "tool_use_id": "2", "is_error": true,
                            "content": [["type": "text", "text": "not"], ["type": "text", "text": "seen"]],
                        ],
                    ],
                ],
            ],
        ])
        let image = try #require(ImageContent(mediaType: "image/png", base64: Self.pixel))
        #expect(
            request
                == FaceRequest(
                    model: "claude", system: "Be brief.",
                    messages: [
                        ModelMessage(role: .user, content: [.text("hi"), .image(image)]),
                        .assistant([
                            .toolCall(ToolCall(id: "1", name: "look", arguments: ["a": 1])),
                            .toolCall(ToolCall(id: "2", name: "look", arguments: [:])),
                        ]),
                        .toolResults([
                            ToolResult(callID: "1", text: "seen"),
                            ToolResult(callID: "2", text: "not\nseen", isError: true),
                        ]),
                    ],
                    tools: [ToolDefinition(name: "look", description: "Looks.", parameters: ["type": "object"])],
                    maximumOutputTokens: 100, isStreamed: true, ignored: ["temperature"]))
    }

    @Test func aChatIsReadWhole() throws {
        let request = try ChatRequest.read([
            "model": "gpt", "max_completion_tokens": 7,
            "messages": [
                ["role": "system", "content": "Be brief."], ["role": "developer", "content": "Be kind."],
                [
                    "role": "user",
                    "content": [
                        ["type": "text", "text": "hi"],
                        ["type": "image_url", "image_url": ["url": .string("data:image/png;base64,\(Self.pixel)")]],
                    ],
                ],
                [
                    "role": "assistant", "content": .null,
                    "tool_calls": [
                        ["id": "1", "type": "function", "function": ["name": "look", "arguments": "{\"a\":1}"]],
                        ["id": "2", "type": "function", "function": ["name": "look", "arguments": "{a"]],
                    ],
                ],
                ["role": "tool", "tool_call_id": "1", "content": "seen"],
                ["role": "tool", "tool_call_id": "2", "content": [["type": "text", "text": "not"]]],
            ],
        ])
        #expect(request.system == "Be brief.\n\nBe kind." && request.maximumOutputTokens == 7)
        #expect(request.messages.map(\.role) == [.user, .assistant, .user])
        #expect(
            request.messages.last
                == .toolResults([ToolResult(callID: "1", text: "seen"), ToolResult(callID: "2", text: "not")]))
        #expect(
            request.messages[1]
                == .assistant([
                    .toolCall(ToolCall(id: "1", name: "look", arguments: ["a": 1])),
                    .toolCall(ToolCall(id: "2", name: "look", arguments: [:], malformed: "{a")),
                ]))
    }

    @Test func responsesAreReadWhole() throws {
        let request = try ResponsesRequest.read([
            "model": "gpt", "instructions": "Be brief.", "max_output_tokens": 9,
            "tools": [["type": "function", "name": "look", "parameters": ["type": "object"]]],
            "input": [
                ["role": "user", "content": "hi"], ["type": "reasoning", "summary": []],
                ["type": "function_call", "call_id": "1", "name": "look", "arguments": "{}"],
                ["type": "function_call_output", "call_id": "1", "output": "seen"],
            ],
        ])
        #expect(request.system == "Be brief." && request.maximumOutputTokens == 9 && request.tools.count == 1)
        #expect(
            request.messages == [
                .user("hi"), .assistant([.toolCall(ToolCall(id: "1", name: "look", arguments: [:]))]),
                .toolResults([ToolResult(callID: "1", text: "seen")]),
            ])
    }

    private static let hello: JSON = [["role": "user", "content": "hi"]]

    /// What would change the meaning of an answer is refused by name.
    @Test(
        arguments: [
            ("stop_sequences", ["END"]), ("tool_choice", ["type": "any"]),
            ("tool_choice", ["type": "auto", "disable_parallel_tool_use": true]), ("mcp_servers", [["url": "x"]]),
            ("tools", [["type": "web_search_20250305", "name": "web_search"]]), ("max_tokens", 0), ("max_tokens", "1"),
            ("messages", []), ("messages", [["role": "assistant", "content": "pre"]]), ("messages", "x"),
            ("messages", [["role": "root", "content": "x"]]),
            ("messages", [["role": "user", "content": [["type": "x"]]]]),
            ("model", ""), ("system", 1), ("stream", "yes"),
        ] as [(String, JSON)])
    func anthropicRefuses(key: String, value: JSON) throws {
        var json: JSON = ["model": "m", "max_tokens": 5, "messages": Self.hello]
        _ = try AnthropicRequest.read(json)
        json[key] = value
        let failure = #expect(throws: GatewayFailure.self) { try AnthropicRequest.read(json) }
        #expect(failure?.kind == .invalid)
    }

    @Test(
        arguments: [
            ("stop", "END"), ("n", 2), ("tool_choice", "required"), ("tool_choice", ["type": "function"]),
            ("response_format", ["type": "json_object"]), ("parallel_tool_calls", false), ("logprobs", true),
            ("messages", [["role": "tool", "content": "x"]]), ("tools", [["type": "custom"]]),
            (
                "messages",
                [
                    [
                        "role": "user",
                        "content": [["type": "image_url", "image_url": ["url": "https://a.example/b.png"]]],
                    ]
                ]
            ),
        ] as [(String, JSON)])
    func chatRefuses(key: String, value: JSON) throws {
        var json: JSON = ["model": "m", "messages": Self.hello, "logprobs": false, "n": 1, "stop": .null]
        _ = try ChatRequest.read(json)
        json[key] = value
        let failure = #expect(throws: GatewayFailure.self) { try ChatRequest.read(json) }
        #expect(failure?.kind == .invalid)
    }

    @Test(
        arguments: [
            ("previous_response_id", "resp_1"), ("background", true), ("text", ["format": ["type": "json_schema"]]),
            ("tools", [["type": "web_search"]]), ("input", [["type": "item_reference", "id": "x"]]), ("input", ""),
        ] as [(String, JSON)])
    func responsesRefuse(key: String, value: JSON) throws {
        var json: JSON = ["model": "m", "input": "hi", "store": false]
        _ = try ResponsesRequest.read(json)
        json[key] = value
        let failure = #expect(throws: GatewayFailure.self) { try ResponsesRequest.read(json) }
        #expect(failure?.kind == .invalid)
    }

    @Test func noToolsAreOfferedWhereNoneIsWanted() throws {
        let tools: JSON = [["name": "look", "input_schema": ["type": "object"]]]
        let request = try AnthropicRequest.read([
            "model": "m", "max_tokens": 5, "messages": Self.hello, "tools": tools, "tool_choice": ["type": "none"],
        ])
        #expect(request.tools.isEmpty)
    }
}
