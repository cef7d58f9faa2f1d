import JSON
import Testing

@testable import Models

/// What every provider does alike, each on the wire format of its vendor.
@Suite struct ConformanceTests {
    private func answer(
        _ vendor: Vendor, _ turn: WireTurn, _ request: ModelRequest = .simple
    ) async throws -> (events: [ModelEvent], response: ModelResponse, asked: JSON) {
        var events: [ModelEvent] = []
        let asked = try await vendor.play([turn.bytes(vendor)]) { provider in
            let outcome = await provider.outcome(of: request)
            if let error = outcome.error { Issue.record("\(error)") }
            events = outcome.events
        }
        return (events, try #require(events.response), try #require(asked.first))
    }

    @Test(arguments: Vendor.allCases)
    func text(vendor: Vendor) async throws {
        let (events, response, _) = try await answer(vendor, .greeting)
        #expect(events.dropLast() == [.textDelta("Grüße "), .textDelta("👋")])
        #expect(
            response
                == ModelResponse(
                    model: vendor == .bedrock ? "model-1" : "test-1", content: [.text("Grüße 👋")],
                    stopReason: .endTurn, usage: WireTurn.usage(vendor)))
    }

    /// Writes the streams of this suite into a folder, for `Tests/Judges/model_streams.py` to show them to the vendors' own clients.
    @Test(
        .enabled(if: environmentVariable("COFFERDAM_TRANSCRIPTS") != nil, "COFFERDAM_TRANSCRIPTS names no folder"),
        arguments: Vendor.http)
    func transcripts(vendor: Vendor) throws {
        let folder = try #require(environmentVariable("COFFERDAM_TRANSCRIPTS"))
        for (name, turn) in [("greeting", WireTurn.greeting), ("parallel", .parallel)] {
            try SmallFile.replace("\(folder)/\(vendor)-\(name)", with: turn.bytes(vendor))
        }
    }

    @Test(arguments: Vendor.allCases)
    func oneCall(vendor: Vendor) async throws {
        var turn = WireTurn.parallel
        turn.calls.removeLast()
        turn.reasoning = []
        let (events, response, _) = try await answer(vendor, turn)
        let call = ToolCall(id: "call_1", name: "read_file", arguments: ["path": "a.c", "note": "Grüße 👋"])
        #expect(response.content == [.text("I read."), .toolCall(call)])
        #expect(events.toolCalls == [call])
        #expect(response.stopReason == .toolUse)
    }

    @Test(arguments: Vendor.allCases)
    func reasoningAndParallelCalls(vendor: Vendor) async throws {
        let (events, response, _) = try await answer(vendor, .parallel)
        #expect(events.reasoning == "Let me look.")
        #expect(events.text == "I read.")
        #expect(events.toolCalls == response.toolCalls)
        #expect(response.toolCalls.map(\.name) == ["read_file", "list_files"])
        #expect(response.toolCalls.map(\.arguments) == [["path": "a.c", "note": "Grüße 👋"], [:]])
        #expect(response.stopReason == .toolUse)
        #expect(response.usage == WireTurn.usage(vendor))
        let reasoning = response.content.compactMap { if case .reasoning(let part) = $0 { part } else { nil } }
        #expect(reasoning.map(\.text).joined() == "Let me look.")
        #expect(Set(reasoning.map(\.provider)).count == 1 && reasoning[0].provider != nil)
    }

    /// What the vendor wants back of its own reasoning comes back, and the same conversation goes on with every other.
    @Test(arguments: Vendor.allCases, Vendor.allCases)
    func historyOfOneWithAnother(first: Vendor, second: Vendor) async throws {
        let before = try await answer(first, .parallel).response
        var request = ModelRequest.simple
        request.tools = [.readFile, .listFiles]
        request.messages += [
            .assistant(before.content),
            .toolResults([
                ToolResult(callID: before.toolCalls[0].id, text: "int main"),
                ToolResult(callID: before.toolCalls[1].id, text: "no such folder", isError: true),
            ]),
        ]
        let asked = try await answer(second, .greeting, request).asked.text
        // Chat Completions has no place for it.
        #expect(asked.contains("proof") == (first == second && first != .openai))
        for part in ["int main", "no such folder", "read_file", "list_files", "I read."] {
            #expect(asked.contains(part), "\(part) is missing")
        }
        #expect(asked.contains("call_1") && asked.contains("call_2"))
    }

    /// Ids and names that a vendor would refuse are rewritten, alike in the call and in its result.
    @Test(arguments: Vendor.http)
    func strangeNames(vendor: Vendor) async throws {
        let id = "functions.read file:0/" + String(repeating: "x", count: 80)
        var request = ModelRequest.simple
        request.tools = [.readFile]
        request.messages += [
            .assistant([.toolCall(ToolCall(id: id, name: "read file\n", arguments: [:]))]),
            .toolResults([ToolResult(callID: id, text: "no such tool", isError: true)]),
        ]
        let asked = try await answer(vendor, .greeting, request).asked.text
        #expect(!asked.contains("functions.read"))
        #expect(asked.contains("read_file_"))
        #expect(asked.components(of: PortableName.callID(id)) == 2)
    }

    @Test(arguments: Vendor.allCases, [#"{"path": "a."#, "[1]", "not json"])
    func malformedArguments(vendor: Vendor, text: String) async throws {
        let turn = WireTurn(calls: [.init(id: "call_1", name: "read_file", arguments: text)], end: .calls)
        let call = try #require(try await answer(vendor, turn).response.toolCalls.first)
        #expect(call.arguments == [:])
        #expect(call.malformed != nil)
    }

    @Test(
        arguments: Vendor.allCases,
        [
            (WireTurn.End.done, StopReason.endTurn), (.calls, .toolUse), (.length, .maximumTokens),
            (.refusal, .refusal),
        ])
    func stopReasons(vendor: Vendor, end: (WireTurn.End, StopReason)) async throws {
        let calls = end.0 == .calls ? WireTurn.parallel.calls : []
        let response = try await answer(vendor, WireTurn(text: ["No."], calls: calls, end: end.0)).response
        #expect(response.stopReason == end.1)
        #expect(response.text == "No.")
        #expect(response.usage == WireTurn.usage(vendor))
    }

    @Test(arguments: Vendor.allCases)
    func unknownEvents(vendor: Vendor) async throws {
        var turn = WireTurn.parallel
        turn.hasUnknownEvents = true
        let plain = try await answer(vendor, .parallel).response
        #expect(try await answer(vendor, turn).response == plain)
    }

    /// Whatever the chunks of the network are; within a character too.
    @Test(arguments: Vendor.http)
    func splitAtEveryByte(vendor: Vendor) async throws {
        let bytes = WireTurn.parallel.bytes(vendor)
        let expected = try await answer(vendor, .parallel).response
        var reply = vendor.reply([])
        reply.chunks = bytes.map { [$0] }
        let response = try await StubEndpoint.with([reply]) { try await vendor.provider($0).response(to: .simple) }
        #expect(response == expected)
        // And in two, at each byte, without a network.
        let short = WireTurn.greeting.bytes(vendor)
        for cut in short.indices {
            #expect(try vendor.decode([short[..<cut], short[cut...]]).text == "Grüße 👋", "cut at \(cut)")
        }
    }

    @Test(arguments: Vendor.allCases)
    func pictures(vendor: Vendor) async throws {
        let picture = ImageContent(mediaType: "image/png", data: [0x89, 0x50, 0x4E, 0x47])
        var request = ModelRequest(
            messages: [ModelMessage(role: .user, content: [.text("Look"), .image(picture)])], tools: [.readFile],
            sessionKey: "s")
        request.messages += [
            .assistant([.toolCall(ToolCall(id: "t1", name: "read_file", arguments: [:]))]),
            .toolResults([ToolResult(callID: "t1", text: "a picture", images: [picture])]),
        ]
        let asked = try await answer(vendor, .greeting, request).asked.text
        #expect(asked.components(of: picture.base64) == 2)
        #expect(asked.contains("png"))
    }

    /// A request without tools, for a summary, may follow calls.
    @Test(arguments: [Vendor.anthropic, .bedrock])
    func callsAsTextWithoutTools(vendor: Vendor) async throws {
        var request = ModelRequest.simple
        request.messages += [
            .assistant([.toolCall(ToolCall(id: "t1", name: "read_file", arguments: ["path": "a.c"]))]),
            .toolResults([ToolResult(callID: "t1", text: "int main")]),
        ]
        let asked = try await answer(vendor, .greeting, request).asked.text
        #expect(asked.contains("[Call of the tool read_file") && asked.contains("int main"))
        #expect(!asked.contains("tool_use") && !asked.contains("toolUse"))
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}

extension Vendor {
    /// The answer that `chunks` come to, without a network.
    func decode(_ chunks: [ArraySlice<UInt8>]) throws -> ModelResponse {
        try StreamReading.answer(chunks, from: settings(at: "http://localhost"))
    }
}
