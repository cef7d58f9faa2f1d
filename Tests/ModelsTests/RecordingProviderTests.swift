import JSON
import Secrets
import Testing

@testable import Models

@Suite struct RecordingProviderTests {
    static let secret = SecretString("canary-secret-0815")

    static let call = ToolCall(
        id: "t1", name: "read_file", arguments: ["path": "/w/here/a.c", "key": "canary-secret-0815"])
    static let first = ModelResponse(
        model: "m",
        content: [.reasoning(Reasoning(text: "Hm", signature: "s")), .text("In /w/hereabouts"), .toolCall(call)],
        stopReason: .toolUse, usage: ModelUsage(input: 3, output: 4, cacheRead: 5, cacheWrite: 6, reasoning: 1))
    static let last = ModelResponse(model: "m", content: [.text("Done.")], stopReason: .endTurn)

    private func request(_ turn: Int, session: String = "s", workspace: String = "/w/here") -> ModelRequest {
        var messages: [ModelMessage] = [.user("Fix \(workspace)/a.c, key canary-secret-0815")]
        if turn > 1 {
            messages += [
                .assistant(Self.first.content),
                .toolResults([ToolResult(callID: "t1", text: "\(workspace): no", isError: true)]), .user("Go on"),
            ]
        }
        return ModelRequest(
            messages: messages, tools: [.readFile], sessionKey: session, workspacePath: workspace)
    }

    @Test func recordingPlaysAgain() async throws {
        try await withTemporaryFolder { folder in
            let base = ScriptedProvider([([.completed(Self.first)], nil), ([.completed(Self.last)], nil)])
            let recorder = RecordingProvider(base, file: "\(folder)/r.json", name: "n", secrets: [Self.secret])
            #expect(try await recorder.response(to: request(1)) == Self.first)
            #expect(try await recorder.response(to: request(2)) == Self.last)

            let text = String(
                decoding: try SmallFile.read("\(folder)/r.json", maximumBytes: 1 << 20), as: UTF8.self)
            #expect(!text.contains(Self.secret.reveal()))
            #expect(!text.contains("/w/here/"))
            #expect(text.contains("${WORKSPACE}/a.c"))
            #expect(text.contains("In /w/hereabouts"), "another folder's name stays")

            // Played elsewhere, with the secret's mark where the secret was.
            let player = ReplayProvider(try Recording(reading: "\(folder)/r.json"))
            var replayed = ModelRequest(
                messages: [.user("Fix /x/a.c, key <redacted>")], tools: [.readFile], sessionKey: "p",
                workspacePath: "/x")
            let answer = try await player.response(to: replayed)
            #expect(answer.usage == Self.first.usage)
            #expect(answer.toolCalls.first?.arguments == ["path": "/x/a.c", "key": "<redacted>"])
            replayed.messages += [
                .assistant(answer.content), .toolResults([ToolResult(callID: "t1", text: "/x: no", isError: true)]),
                .user("Go on"),
            ]
            #expect(try await player.response(to: replayed) == Self.last)
        }
    }

    @Test func sessionsGoToFilesOfTheirOwn() async throws {
        try await withTemporaryFolder { folder in
            let attempt: ScriptedProvider.Attempt = ([.completed(Self.last)], nil)
            let recorder = RecordingProvider(
                ScriptedProvider([attempt, attempt]), file: "\(folder)/r.json", name: "n", secrets: [])
            _ = try await recorder.response(to: request(1, session: "a"))
            _ = try await recorder.response(to: request(1, session: "b"))
            #expect(filesIn(folder) == ["r-2.json", "r.json"])
        }
    }

    @Test func rewrittenConversationStopsTheRecording() async throws {
        try await withTemporaryFolder { folder in
            let attempt: ScriptedProvider.Attempt = ([.completed(Self.last)], nil)
            let recorder = RecordingProvider(
                ScriptedProvider([attempt, attempt]), file: "\(folder)/r.json", name: "n", secrets: [])
            _ = try await recorder.response(to: request(1))
            _ = try await recorder.response(to: ModelRequest(messages: [.user("Summary")], sessionKey: "s"))
            let json = try JSON(parsing: SmallFile.read("\(folder)/r.json", maximumBytes: 1 << 20))
            #expect(json["turns"]?.arrayValue?.count == 1)
            #expect(json["stopped"]?.stringValue?.contains("rewritten") == true)
        }
    }

    @Test func failedTurnsAreNotRecorded() async throws {
        try await withTemporaryFolder { folder in
            let recorder = RecordingProvider(
                ScriptedProvider([([.textDelta("x")], ModelError.network("down"))]), file: "\(folder)/r.json",
                name: "n",
                secrets: [])
            let error = try await recorder.failure(of: request(1))
            #expect(error == .network("down"))
            #expect(filesIn(folder) == [])
        }
    }

    @Test(arguments: [
        ContentBlock.text("x"), .reasoning(Reasoning(text: "r", signature: "s", redactedData: "d")),
        .reasoning(Reasoning(text: "r")), .reasoning(Reasoning(text: "r", provider: "gemini")),
        .image(ImageContent(mediaType: "image/png", data: [0, 1, 0xFF, 0x80])),
        .toolResult(
            ToolResult(callID: "1", text: "t", images: [ImageContent(mediaType: "image/webp", data: [7])])),
        .toolCall(ToolCall(id: "1", name: "f", arguments: ["a": [1, nil]], malformed: "{")),
        .toolResult(ToolResult(callID: "1", text: "t", isError: true)),
    ])
    func blocksSurviveJSON(block: ContentBlock) throws {
        #expect(try ContentBlock(json: block.json) == block)
        let message = ModelMessage(role: .assistant, content: [block, block])
        #expect(try ModelMessage(json: message.json) == message)
    }

    @Test(arguments: [
        #"{"type":"image","mediaType":"text/html","data":"AA=="}"#, #"{"type":"image","mediaType":"image/png"}"#,
        #"{"type":"image","mediaType":"image/png","data":"%%"}"#,
        #"{"type":"toolResult","callID":"1","text":"t","images":{}}"#,
    ])
    func picturesThatAreNone(text: String) throws {
        #expect(throws: ConversationFormatError.self) { try ContentBlock(json: try JSON(parsing: text)) }
    }
}
