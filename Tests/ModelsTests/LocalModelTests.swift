import Testing

@testable import Models

/// A real model behind an OpenAI-compatible server, such as `Tests/EndToEnd/small_model_server.py` starts.
/// What it says cannot be foretold; that it streams, ends and counts can.
@Suite(
    .serialized,
    .enabled(
        if: environmentVariable("COFFERDAM_LONG_TESTS") == "1"
            && environmentVariable("COFFERDAM_LOCAL_MODEL_URL") != nil,
        "COFFERDAM_LONG_TESTS is not 1, or COFFERDAM_LOCAL_MODEL_URL names no server"))
struct LocalModelTests {
    private func provider() throws -> any ModelProvider {
        let settings = try ModelProviders.settings(fromEnvironment: [
            "COFFERDAM_MODEL": "openai:" + (environmentVariable("COFFERDAM_LOCAL_MODEL") ?? "smollm2"),
            "COFFERDAM_MODEL_BASE_URL": environmentVariable("COFFERDAM_LOCAL_MODEL_URL") ?? "",
        ])
        return try ModelProviders.make(try #require(settings))
    }

    @Test func streamsText() async throws {
        let provider = try provider()
        var request = ModelRequest(
            system: "You answer in one short sentence.", messages: [.user("Which city is the capital of France?")],
            maximumOutputTokens: 40, sessionKey: "local")
        let outcome = await provider.outcome(of: request)
        #expect(outcome.error == nil)
        let answer = try #require(outcome.events.response)
        #expect(!answer.text.isEmpty)
        #expect(outcome.events.text == answer.text)
        #expect(outcome.events.count > 3, "the text came in pieces")
        #expect(answer.stopReason == .endTurn || answer.stopReason == .maximumTokens)
        #expect(answer.usage.totalInput > 0)
        #expect((1...40).contains(answer.usage.output))

        request.messages += [.assistant(answer.content), .user("And of Italy?")]
        #expect(try await !provider.response(to: request).text.isEmpty)
    }

    @Test func outputLimitCuts() async throws {
        let request = ModelRequest(
            messages: [.user("Count from one to one hundred.")], maximumOutputTokens: 5, sessionKey: "local")
        let answer = try await provider().response(to: request)
        #expect(answer.stopReason == .maximumTokens)
        #expect(answer.usage.output == 5)
    }

    @Test func longPromptOverflowsTheContext() async throws {
        let request = ModelRequest(
            messages: [.user(String(repeating: "word ", count: 100_000))], maximumOutputTokens: 5, sessionKey: "local")
        let error = try await provider().failure(of: request)
        guard case .contextOverflow = error else {
            Issue.record("\(error)")
            return
        }
    }
}
