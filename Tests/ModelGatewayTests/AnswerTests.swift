import JSON
import Models
import Synchronization
import Testing

@testable import ModelGateway

/// What programs are answered, and what the session hears of it.
struct AnswerTests {
    /// Says what it is told to.
    private final class Script: ModelAccess {
        let events: [ModelEvent]
        let failure: ModelError?
        let refusal: BudgetSpent?
        let asked = Mutex<[ModelRequest]>([])
        let calls = Mutex<[ServedCall]>([])

        init(_ events: [ModelEvent], _ failure: ModelError? = nil, refusal: BudgetSpent? = nil) {
            self.refusal = refusal
            self.events = events
            self.failure = failure
        }

        var names: [String] { ["main"] }

        func stream(_ request: ModelRequest, named name: String) -> AsyncThrowingStream<ModelEvent, any Error> {
            asked.withLock { $0.append(request) }
            return AsyncThrowingStream { continuation in
                for event in events { continuation.yield(event) }
                continuation.finish(throwing: failure)
            }
        }

        func admit(_ request: ModelRequest) async throws {
            if let refusal { throw refusal }
        }

        func served(_ call: ServedCall) async { calls.withLock { $0.append(call) } }
    }

    private static let response = ModelResponse(
        model: "vendor-model",
        content: [
            .reasoning(Reasoning(text: "hm", signature: "proof", provider: "anthropic")), .text("Hello"),
            .toolCall(ToolCall(id: "1", name: "look", arguments: ["a": 1])),
            .toolCall(ToolCall(id: "2", name: "look", arguments: [:])),
        ], stopReason: .toolUse, usage: ModelUsage(input: 5, output: 7, cacheRead: 2))

    private static let events: [ModelEvent] = [
        .reasoningDelta("hm"), .textDelta("Hel"), .textDelta("lo"),
        .toolCall(ToolCall(id: "1", name: "look", arguments: ["a": 1])),
        .toolCall(ToolCall(id: "2", name: "look", arguments: [:])), .completed(response),
    ]

    private func stream(
        _ face: GatewayFace, _ script: Script, _ request: FaceRequest? = nil
    ) async throws -> [(name: String?, data: JSON)] {
        var asked = request ?? FaceRequest(model: "m", messages: [.user("hi")], includesUsage: true)
        asked.isStreamed = true
        let stream = AnswerStream(sessionId: "s", models: script, memory: ReasoningMemory())
        let answer = GatewayAnswer(face: face, request: asked, requestId: "r")
        var text = ""
        try await stream.stream(answer, writer: face.writer(asked, id: "i", created: 1)) { text += $0 }
        return text.split(separator: "\n\n").compactMap { event in
            var name: String?
            var data: JSON?
            for line in event.split(separator: "\n") {
                if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { data = try? JSON(parsing: String(line.dropFirst(6))) }
            }
            return data.map { (name, $0) }
        }
    }

    @Test func anthropicEventsAreInTheirOrder() async throws {
        let script = Script(Self.events)
        let events = try await stream(
            .messages, script, FaceRequest(model: "m", messages: [.user("hi")], showsReasoning: true))
        #expect(
            events.map(\.name) == [
                "message_start", "content_block_start", "content_block_delta", "content_block_delta",
                "content_block_stop", "content_block_start", "content_block_delta", "content_block_delta",
                "content_block_stop", "content_block_start", "content_block_delta", "content_block_stop",
                "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
            ])
        #expect(events.compactMap { $0.data["index"]?.intValue } == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3])
        #expect(events[15].data["delta"]?["stop_reason"] == "tool_use")
        #expect(events[15].data["usage"]?["cache_read_input_tokens"] == 2)
        #expect(
            script.calls.withLock { $0 } == [
                ServedCall(face: .messages, model: "vendor-model", usage: Self.response.usage)
            ])
    }

    @Test func reasoningIsHiddenUnlessItIsAskedFor() async throws {
        let events = try await stream(.messages, Script(Self.events))
        #expect(!events.contains { $0.data["content_block"]?["type"] == "thinking" })
    }

    @Test func chatChunksHoldTheCallsAndTheUsage() async throws {
        let events = try await stream(.chatCompletions, Script(Self.events))
        let calls = events.compactMap { $0.data["choices"]?[0]?["delta"]?["tool_calls"]?[0] }
        #expect(calls.compactMap { $0["index"]?.intValue } == [0, 1])
        #expect(calls[0]["function"]?["arguments"] == "{\"a\":1}")
        #expect(events.last?.data["usage"]?["total_tokens"] == 14)
    }

    @Test func responsesEndWithTheWholeAnswer() async throws {
        let events = try await stream(.responses, Script(Self.events))
        #expect(events.map { $0.data["sequence_number"]?.intValue } == events.indices.map { $0 })
        let output = events.last?.data["response"]?["output"]?.arrayValue ?? []
        #expect(output.map { $0["type"]?.stringValue } == ["message", "function_call", "function_call"])
        #expect(output.first?["content"]?[0]?["text"] == "Hello")
        #expect(Set(output.compactMap { $0["id"]?.stringValue }).count == 3)
    }

    /// Clients must not take it for a limit that time lifts, and are told no amounts.
    @Test func aSpentBudgetHasTheVendorsForm() async throws {
        let spent = BudgetSpent(reason: "the budget of $2.00 is spent", summary: "the session's budget is spent")
        let script = Script([], refusal: spent)
        let stream = AnswerStream(sessionId: "s", models: script, memory: ReasoningMemory())
        let asked = FaceRequest(model: "m", messages: [.user("hi")])
        let failure = await #expect(throws: GatewayFailure.self) {
            try await stream.admit(GatewayAnswer(face: .messages, request: asked, requestId: "r"))
        }
        let refused = try #require(failure)
        #expect(refused.status(.messages) == 402 && refused.status(.responses) == 429 && refused.isFinal)
        let json = refused.json(.messages, requestId: "r")
        #expect(json["error"] == ["type": "billing_error", "message": "the session's budget is spent"])
        #expect(refused.openAI["code"] == "insufficient_quota" && refused.openAI["type"] == "insufficient_quota")
        #expect(script.asked.withLock { $0.isEmpty })
        #expect(script.calls.withLock { $0.map(\.failure) } == ["the session's budget is spent"])
    }

    @Test func theWholeAnswerIsTheStreamedOne() throws {
        let request = FaceRequest(model: "m", messages: [.user("hi")])
        func whole(_ face: GatewayFace) -> JSON { face.writer(request, id: "i", created: 1).whole(Self.response) }
        #expect(whole(.messages)["content"]?.arrayValue?.count == 3)
        #expect(whole(.messages)["stop_reason"] == "tool_use")
        #expect(whole(.chatCompletions)["choices"]?[0]?["message"]?["tool_calls"]?.arrayValue?.count == 2)
        #expect(whole(.responses)["output"]?.arrayValue?.count == 3)
    }

    /// What was said cannot be taken back from a program: it is told, and asks again.
    @Test(arguments: GatewayFace.allCases) func aRetryAfterTheFirstWordEndsTheStream(face: GatewayFace) async throws {
        let script = Script([.textDelta("a"), .retrying(reason: "cut", delay: .zero)] + Self.events)
        let events = try await stream(face, script)
        let last = try #require(events.last)
        #expect(last.name == "error" || last.data["error"] != nil)
        #expect(script.calls.withLock { $0.first?.failure } != nil)
        let early = try await stream(face, Script([.retrying(reason: "cut", delay: .zero)] + Self.events))
        #expect(early.last?.name != "error" && early.last?.data["error"] == nil)
    }

    @Test func errorsSayNothingOfTheService() async throws {
        for error in [
            ModelError.authentication("key sk-123 at https://internal"), .network("https://internal refused"),
            .malformedResponse("https://internal"), .notConfigured("/etc/key"),
            .overloaded(retryAfter: nil, detail: "x"),
        ] {
            let failure = GatewayFailure(error)
            for word in ["sk-123", "internal", "/etc"] { #expect(!failure.message.contains(word)) }
            #expect(failure.status(.messages) >= 500)
        }
        let limited = GatewayFailure(ModelError.rateLimited(retryAfter: .seconds(9), detail: ""))
        #expect(limited.status(.responses) == 429 && limited.retryAfter == 9)
    }

    @Test func whatTheModelThoughtComesBackWithItsCalls() async throws {
        let memory = ReasoningMemory()
        memory.keep(Self.response)
        var messages: [ModelMessage] = [
            .user("hi"),
            .assistant([
                .text("Hello"), .toolCall(ToolCall(id: "1", name: "look", arguments: ["a": 1])),
                .toolCall(ToolCall(id: "2", name: "look", arguments: [:])),
            ]),
        ]
        memory.restore(&messages)
        #expect(messages[1].content == Self.response.content)
        var other: [ModelMessage] = [.assistant([.toolCall(ToolCall(id: "1", name: "look", arguments: [:]))])]
        memory.restore(&other)
        #expect(other[0].content.count == 1)
    }

    @Test func requestsAreLetInUpToTheLimits() throws {
        var limits = ModelGatewayLimits()
        limits.concurrency = 2
        limits.requestsPerMinute = 3
        let admission = Admission(limits)
        let now = ContinuousClock.now
        try admission.enter(now: now)
        try admission.enter(now: now)
        #expect(throws: GatewayFailure.self) { try admission.enter(now: now) }
        admission.leave()
        try admission.enter(now: now + .seconds(1))
        admission.leave()
        let refused = #expect(throws: GatewayFailure.self) { try admission.enter(now: now + .seconds(20)) }
        #expect(refused?.retryAfter == 41)
        try admission.enter(now: now + .seconds(60))
        admission.leave()
        admission.close()
        #expect(throws: GatewayFailure.self) { try admission.enter(now: now + .seconds(300)) }
    }

    @Test func onlyTheSessionsTokenOpensAnything() throws {
        let routes = GatewayRoutes(token: Array("secret".utf8), limits: ModelGatewayLimits())
        func status(_ method: String, _ uri: String, _ headers: [String: String], _ body: String = "") -> Int {
            let call = GatewayCall(method: method, uri: uri, headers: headers, body: Array(body.utf8))
            do {
                _ = try routes.reply(to: call, requestId: "r", names: ["main"])
                return 200
            } catch {
                return error.status(GatewayRoutes.face(call))
            }
        }
        for headers in [[:], ["x-api-key": "secre"], ["authorization": "Bearer secret2"], ["authorization": "secret"]] {
            #expect(status("GET", "/v1/models", headers) == 401)
            #expect(status("GET", "/elsewhere", headers) == 401)
        }
        let known = ["authorization": "Bearer secret"]
        #expect(status("GET", "/v1/models?limit=20", ["x-api-key": "secret"]) == 200)
        #expect(status("GET", "/v1/models", known) == 200)
        #expect(status("GET", "/v1/messages", known) == 405)
        #expect(status("POST", "/v1/embeddings", known) == 404)
        #expect(status("POST", "/v1/messages", known, String(repeating: "[", count: 100_000)) == 400)
        #expect(status("POST", "/v1/messages", known, "{}") == 400)
    }
}
