import JSON
import Secrets
import Testing

@testable import Models

/// What presets and quirks make of a request.
@Suite struct QuirksTests {
    private func sent(
        _ change: (inout ModelSettings) throws -> Void, vendor: Vendor = .openai, _ request: ModelRequest = .simple,
        path: String = "/v1"
    ) async throws -> StubEndpoint.Request {
        try await StubEndpoint.with([vendor.reply(vendor.greeting)]) { endpoint in
            var settings = vendor.settings(at: endpoint.url)
            settings.baseURL = endpoint.url + path
            try change(&settings)
            _ = try await ModelProviders.make(settings).response(to: request)
            return try #require(endpoint.requests.first)
        }
    }

    @Test func azureByDeployment() async throws {
        let sent = try await sent(
            {
                $0.quirks = try ModelQuirks(json: ["api_version": "2024-10-21"], over: ModelQuirks(.azure))
                $0.model = "my deployment"
            }, path: "")
        #expect(sent.head.uri == "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21")
        #expect(sent.head.headers["api-key"] == [Vendor.key.reveal()])
        #expect(sent.head.headers["authorization"] == [])
    }

    @Test func azureWithoutVersion() async throws {
        #expect(try await sent({ $0.quirks = ModelQuirks(.azure) }, path: "").head.uri == "/openai/v1/chat/completions")
        let responses = try await sent({ $0.quirks = ModelQuirks(.azure) }, vendor: .responses, path: "/openai/v1")
        #expect(responses.head.uri == "/openai/v1/responses")
    }

    @Test func openAI() async throws {
        var request = ModelRequest.simple
        request.system = "Be brief."
        request.tools = [.readFile]
        request.sessionKey = String(repeating: "k", count: 100)
        let json = try await sent(
            {
                $0.quirks = ModelQuirks(.openai)
                $0.reasoningEffort = "low"
            }, request
        ).json
        #expect(json["max_completion_tokens"] != nil && json["max_tokens"] == nil)
        #expect(json["messages"]?[0]?["role"] == "developer")
        #expect(json["parallel_tool_calls"] == true)
        #expect(json["reasoning_effort"] == "low")
        #expect((json["prompt_cache_key"]?.stringValue?.count ?? 99) <= 64)
    }

    /// Servers that want their reasoning back get it; others do not.
    @Test(arguments: [
        (ModelQuirks.Preset?.none, String?.none), (.vllm, "reasoning_content"), (.llamacpp, "reasoning_content"),
        (.deepseek, "reasoning_content"), (.openrouter, "reasoning"), (.ollama, "reasoning"), (.openai, nil),
    ])
    func reasoningReturned(preset: ModelQuirks.Preset?, field: String?) async throws {
        var request = ModelRequest.simple
        request.messages.append(
            .assistant([
                .reasoning(Reasoning(text: "mine", provider: "openai")),
                .reasoning(Reasoning(text: "of another", provider: "gemini")), .text("x"),
            ]))
        let message = try await sent({ $0.quirks = preset.map(ModelQuirks.init) ?? ModelQuirks() }, request)
            .json["messages"]?[1]
        #expect(message?.text.contains("mine") == (field != nil))
        #expect(message?.text.contains("another") == false)
        if let field { #expect(message?[field] == "mine") }
    }

    @Test func extras() async throws {
        let json: JSON = [
            "token_limit_field": nil, "usage_in_stream": false, "images": false, "system_role": "user",
            "extra_body": ["top_k": 3], "path": "/chat",
        ]
        var request = ModelRequest(
            system: "S",
            messages: [ModelMessage(role: .user, content: [.image(ImageContent(mediaType: "image/png", data: [1]))])],
            sessionKey: "s")
        request.maximumOutputTokens = 5
        let sent = try await sent({ $0.quirks = try ModelQuirks(json: json, over: ModelQuirks()) }, request)
        #expect(sent.head.uri == "/v1/chat")
        #expect(sent.json["max_tokens"] == nil && sent.json["stream_options"] == nil)
        #expect(sent.json["top_k"] == 3)
        #expect(sent.json["messages"]?[0]?["role"] == "user")
        #expect(!sent.json.text.contains("base64"))
        #expect(sent.json.text.contains("A picture was here"))
    }

    @Test(arguments: [
        (#"{"x":1}"#, "'x'"), (#"{"images":1}"#, "'images'"), (#"{"system_role":"root"}"#, "system_role"),
        (#"{"path":"/a?b"}"#, "'path'"), (#"{"extra_body":[]}"#, "extra_body"), ("[]", "must be a map"),
    ])
    func invalid(text: String, part: String) throws {
        let json = try JSON(parsing: text)
        let error = try #require(throws: ModelError.self) { try ModelQuirks(json: json, over: ModelQuirks()) }
        #expect(error.description.contains(part))
    }

    @Test func entry() throws {
        let entry: JSON = [
            "provider": "openai", "model": "m", "base_url": "http://localhost:1/v1", "preset": "vllm",
            "quirks": ["images": false], "reasoning_effort": "high",
        ]
        let settings = try ModelProviders.settings(from: entry, environment: [:])
        var expected = ModelQuirks(.vllm)
        expected.images = false
        #expect(settings.quirks == expected)
        #expect(settings.reasoningEffort == "high")
        let environment = [
            "COFFERDAM_MODEL": "openai:m", "OPENAI_BASE_URL": "http://localhost:1/v1",
            "COFFERDAM_MODEL_PRESET": "ollama",
        ]
        #expect(try ModelProviders.settings(fromEnvironment: environment)?.quirks == ModelQuirks(.ollama))
        #expect(throws: ModelError.self) {
            try ModelProviders.settings(
                from: ["provider": "openai", "model": "m", "preset": "x"], environment: [:])
        }
    }

    /// A budget of thoughts counts as output, and is left out where the API would refuse it.
    @Test func thinking() async throws {
        var request = ModelRequest.simple
        let budget = try await sent({ $0.thinkingBudget = 4000 }, vendor: .anthropic, request, path: "").json[
            "thinking"]
        #expect(budget == ["type": "enabled", "budget_tokens": 4000])
        request.maximumOutputTokens = 2000
        let less = try await sent({ $0.thinkingBudget = 4000 }, vendor: .anthropic, request, path: "").json["thinking"]
        #expect(less?["budget_tokens"] == 1999)
        request.maximumOutputTokens = 500
        #expect(
            try await sent({ $0.thinkingBudget = 4000 }, vendor: .anthropic, request, path: "").json["thinking"] == nil)
        // Calls that another vendor's model made have no thoughts before them.
        request = .simple
        request.tools = [.readFile]
        request.messages += [
            .assistant([.toolCall(ToolCall(id: "t", name: "read_file", arguments: [:]))]),
            .toolResults([ToolResult(callID: "t", text: "x")]),
        ]
        #expect(
            try await sent({ $0.thinkingBudget = 4000 }, vendor: .anthropic, request, path: "").json["thinking"] == nil)
        let gemini = try await sent({ $0.thinkingBudget = 4000 }, vendor: .gemini, path: "/v1beta").json
        #expect(gemini["generationConfig"]?["thinkingConfig"]?["thinkingBudget"] == 4000)
    }
}
