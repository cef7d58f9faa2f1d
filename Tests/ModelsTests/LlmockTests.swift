import JSON
import Secrets
import Testing

@testable import Models

/// The HTTP providers against an implementation of the APIs that is not ours, with its judgement of our client.
@Suite(
    .serialized,
    .enabled(
        if: LlmockServer.program != nil || environmentVariable("CI") == "1" || environmentVariable("CI") == "true",
        "COFFERDAM_LLMOCK does not name the llmock program"), .llmockServer)
struct LlmockTests {
    private func provider(
        _ vendor: Vendor, _ server: LlmockServer, streams: Bool = true, limits: ModelLimits = ModelLimits()
    ) throws -> any ModelProvider {
        var settings = ModelSettings(
            provider: vendor.provider, model: "model-1",
            baseURL: server.url + (vendor == .anthropic ? "/anthropic" : vendor == .gemini ? "/gemini/v1beta" : "/v1"),
            apiKey: SecretString("sk-test-key"),
            limits: limits)
        settings.streams = streams
        settings.retries.initialDelay = .milliseconds(100)
        return try ModelProviders.make(settings)
    }

    private let request = ModelRequest(
        system: "You fix programs.", messages: [.user("Read a.c and list the files")], tools: [.readFile, .listFiles],
        sessionKey: "s")

    @Test(arguments: Vendor.known, [true, false])
    func conversation(vendor: Vendor, streams: Bool) async throws {
        try await LlmockServer.shared { server in
            try await server.script(
                [
                    "type": "reply", "text": "I look at the files first.",
                    "tool_calls": [
                        ["name": "read_file", "arguments": ["path": "a.c", "note": "Grüße 👋 \"quoted\""]],
                        ["name": "list_files", "arguments": [:]],
                    ],
                ],
                ["type": "reply", "text": "Both are done."])
            let provider = try provider(vendor, server, streams: streams)
            let outcome = await provider.outcome(of: request)
            let answer = try #require(outcome.events.response, "\(String(describing: outcome.error))")
            #expect(answer.text == "I look at the files first.")
            #expect(outcome.events.text == answer.text)
            #expect(answer.toolCalls.map(\.name) == ["read_file", "list_files"])
            #expect(answer.toolCalls.first?.arguments == ["path": "a.c", "note": "Grüße 👋 \"quoted\""])
            #expect(answer.toolCalls.last?.arguments == [:])
            #expect(answer.stopReason == .toolUse)
            #expect(answer.usage.input > 0 && answer.usage.output > 0)

            var next = request
            next.messages += [
                .assistant(answer.content),
                .toolResults(answer.toolCalls.map { ToolResult(callID: $0.id, text: "done") }),
            ]
            let last = try await provider.response(to: next)
            #expect(last.text == "Both are done.")
            #expect(last.stopReason == .endTurn)
            #expect(try await server.findings() == [])
        }
    }

    @Test(arguments: Vendor.known)
    func rateLimit(vendor: Vendor) async throws {
        try await LlmockServer.shared { server in
            try await server.script(
                ["type": "fail", "status": 429, "retry_after": 1, "times": 2], ["type": "reply", "text": "At last."])
            let outcome = await (try provider(vendor, server)).outcome(of: request)
            #expect(outcome.events.restarts == 2)
            #expect(outcome.events.response?.text == "At last.")
            #expect(try await server.findings() == [])
        }
    }

    @Test(arguments: Vendor.known, ["disconnect", "truncate", "malformed"])
    func brokenStream(vendor: Vendor, kind: String) async throws {
        try await LlmockServer.shared { server in
            let reply: JSON = [
                "type": "reply", "text": "One two three four five six.", "times": 2,
                "tool_calls": [["name": "read_file", "arguments": ["path": "a.c"]]],
            ]
            try await server.script(["type": "stream_fault", "kind": .string(kind), "after_chunks": 5], reply)
            let outcome = await (try provider(vendor, server)).outcome(of: request)
            #expect(outcome.events.restarts == 1)
            // A connection that is reset may take along what had arrived.
            if kind != "disconnect" {
                #expect(outcome.events.first != outcome.events.first { if case .retrying = $0 { true } else { false } })
            }
            #expect(outcome.events.text == "One two three four five six.")
            #expect(outcome.events.response?.text == "One two three four five six.")
            #expect(outcome.events.response?.toolCalls.count == 1)
            // After a malformed event the fake goes on; when it is done before it notices that we hung up, it takes the
            // attempt for a success that we ignored, and our retry for another call.
            let findings = try await server.findings().filter {
                kind != "malformed" || !$0.contains("malformed_chunk_ignored")
            }
            #expect(findings == [])
        }
    }

    @Test(arguments: Vendor.known)
    func stall(vendor: Vendor) async throws {
        try await LlmockServer.shared { server in
            try await server.script(
                ["type": "stream_fault", "kind": "stall", "after_chunks": 3, "stall_seconds": 5],
                ["type": "reply", "text": "One two three four.", "times": 2])
            var limits = ModelLimits()
            limits.idleTimeout = .seconds(1)
            let provider = try provider(vendor, server, limits: limits)
            let outcome = await provider.outcome(of: request)
            await provider.shutdown()
            #expect(outcome.events.restarts == 1)
            #expect(outcome.events.response?.text == "One two three four.")
            #expect(try await server.findings() == [])
        }
    }

    /// Gemini's arguments are no text, so they cannot be broken.
    @Test(arguments: Vendor.known.filter { $0 != .gemini })
    func malformedArguments(vendor: Vendor) async throws {
        try await LlmockServer.shared { server in
            try await server.script(
                ["type": "tool_fault", "kind": "malformed_arguments"],
                ["type": "reply", "tool_calls": [["name": "read_file", "arguments": ["path": "a-long-name.c"]]]],
                ["type": "reply", "text": "I see."])
            let provider = try provider(vendor, server)
            let answer = try await provider.response(to: request)
            let call = try #require(answer.toolCalls.first)
            #expect(call.malformed?.hasPrefix("{") == true)
            #expect(call.arguments == [:])
            var next = request
            next.messages += [
                .assistant(answer.content),
                .toolResults([ToolResult(callID: call.id, text: "The arguments are not JSON.", isError: true)]),
            ]
            #expect(try await provider.response(to: next).text == "I see.")
            #expect(try await server.findings() == [])
        }
    }

    @Test(arguments: Vendor.known)
    func permanentErrorsAreNotRetried(vendor: Vendor) async throws {
        try await LlmockServer.shared { server in
            try await server.script(["type": "fail", "status": 401])
            let outcome = await (try provider(vendor, server)).outcome(of: request)
            guard case .authentication? = outcome.error as? ModelError else {
                Issue.record("\(String(describing: outcome.error))")
                return
            }
            #expect(outcome.events.isEmpty)
            #expect(try await server.findings() == [])
        }
    }

    @Test(arguments: Vendor.known)
    func contextOverflow(vendor: Vendor) async throws {
        try await LlmockServer.with(["--context-window", "50"]) { server in
            var long = request
            long.messages = [.user(String(repeating: "word ", count: 500))]
            long.maximumOutputTokens = 10
            let outcome = await (try provider(vendor, server)).outcome(of: long)
            guard case .contextOverflow? = outcome.error as? ModelError else {
                Issue.record("\(String(describing: outcome.error))")
                return
            }
        }
    }
}
