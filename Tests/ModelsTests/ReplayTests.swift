import JSON
import Testing

@testable import Models

@Suite struct ReplayTests {
    static let recording: JSON = [
        "version": 1, "name": "fix", "comment": "unknown keys are for people",
        "turns": [
            [
                "expect": [
                    "newMessages": [
                        ["role": "user", "content": [["type": "text", "contains": ["Fix", "${WORKSPACE}/a.c"]]]]
                    ]
                ],
                "response": [
                    "content": [
                        ["type": "reasoning", "text": "Look at ${WORKSPACE} first, then think about it."],
                        ["type": "text", "text": "I read the file that you named."],
                        [
                            "type": "toolCall", "id": "t1", "name": "read_file",
                            "arguments": ["path": "${WORKSPACE}/a.c", "lines": [1, 2]],
                        ],
                        ["type": "toolCall", "id": "t2", "name": "list_files", "arguments": [:]],
                    ],
                    "usage": ["input": 10, "output": 5],
                ],
            ],
            [
                "expect": [
                    "newMessages": [
                        [
                            "role": "user",
                            "content": [
                                [
                                    "type": "toolResult", "callID": "t1", "isError": false,
                                    "equals": "${WORKSPACE}/a.c: int main;",
                                ],
                                ["type": "toolResult", "callID": "t2", "matches": "any"],
                            ],
                        ]
                    ]
                ],
                "response": ["content": [["type": "text", "text": "Done."]], "stopReason": "endTurn"],
            ],
        ],
    ]

    static let tools: [ToolDefinition] = [.readFile, .listFiles]

    private func provider() throws -> ReplayProvider {
        ReplayProvider(try Recording(json: Self.recording))
    }

    private func first(_ workspace: String = "/w/here") -> ModelRequest {
        ModelRequest(
            messages: [.user("Fix \(workspace)/a.c please")], tools: Self.tools, sessionKey: "s",
            workspacePath: workspace)
    }

    /// The request of the second turn after `response`.
    private func second(
        _ response: ModelResponse, results: [ToolResult]? = nil, workspace: String = "/w/here"
    ) -> ModelRequest {
        var request = first(workspace)
        request.messages += [
            .assistant(response.content),
            .toolResults(
                results ?? [
                    ToolResult(callID: "t1", text: "\(workspace)/a.c: int main;"),
                    ToolResult(callID: "t2", text: "whatever"),
                ]),
        ]
        return request
    }

    @Test(arguments: ["/w/here", "/somewhere/else/"])
    func playsInAnyFolder(workspace: String) async throws {
        let path = workspace.hasSuffix("/") ? String(workspace.dropLast()) : workspace
        let provider = try provider()
        var request = first(path)
        request.workspacePath = workspace
        let outcome = await provider.outcome(of: request)
        let response = try #require(outcome.events.response)
        #expect(response.toolCalls.first?.arguments == ["path": .string("\(path)/a.c"), "lines": [1, 2]])
        #expect(response.stopReason == .toolUse)
        #expect(response.usage == ModelUsage(input: 10, output: 5))
        #expect(outcome.events.text == "I read the file that you named.")
        #expect(outcome.events.reasoning == "Look at \(path) first, then think about it.")
        #expect(outcome.events.count > 5, "the answer comes in small deltas")
        #expect(outcome.events.toolCalls == response.toolCalls)

        let end = try await provider.response(to: second(response, workspace: path))
        #expect(end.text == "Done.")
        #expect(end.stopReason == .endTurn)
    }

    @Test func turnCanBeAskedForAgainAndSessionsAreIndependent() async throws {
        let provider = try provider()
        let response = try await provider.response(to: first())
        var other = first("/other")
        other.sessionKey = "other"
        #expect(try await provider.response(to: other).toolCalls.count == 2)
        #expect(try await provider.response(to: first()) == response)
        #expect(try await provider.response(to: second(response)).text == "Done.")
    }

    @Test func divergences() async throws {
        let provider = try provider()
        let response = try await provider.response(to: first())

        var request = first()
        request.messages = [.user("Fix b.c")]
        var error = try await provider.failure(of: request)
        #expect(
            error
                == .replayDiverged(
                    turn: 1, place: "new message 1, block 1", expected: "a text that contains '/w/here/a.c'",
                    actual: "Fix b.c"))

        request = first()
        request.messages.append(.user("and more"))
        error = try await provider.failure(of: request)
        #expect(
            error
                == .replayDiverged(
                    turn: 1, place: "the new messages", expected: "1 messages",
                    actual: "2: user: the text 'Fix /w/here/a.c please'; user: the text 'and more'"))

        request = second(
            response,
            results: [
                ToolResult(callID: "t1", text: "/w/here/a.c: int main();"), ToolResult(callID: "t2", text: ""),
            ])
        error = try await provider.failure(of: request)
        #expect(
            error
                == .replayDiverged(
                    turn: 2, place: "new message 1, block 1",
                    expected: "(differs at character 21) '/w/here/a.c: int main;'",
                    actual: "'/w/here/a.c: int main();'"))

        request = second(
            response,
            results: [
                ToolResult(callID: "t1", text: "no such file", isError: true), ToolResult(callID: "t2", text: ""),
            ])
        error = try await provider.failure(of: request)
        #expect(
            error
                == .replayDiverged(
                    turn: 2, place: "new message 1, block 1", expected: "a success", actual: "an error: no such file"))

        request = second(
            response,
            results: [
                ToolResult(callID: "t2", text: ""), ToolResult(callID: "t1", text: ""),
            ])
        error = try await provider.failure(of: request)
        #expect(
            error
                == .replayDiverged(
                    turn: 2, place: "new message 1, block 1", expected: "the result of call t1",
                    actual: "the result of call t2"))

        request = second(response, results: [ToolResult(callID: "t1", text: "")])
        error = try await provider.failure(of: request)
        #expect(error.description.contains("a message of the user with 2 blocks"))
    }

    @Test func answerMustBeEchoed() async throws {
        let provider = try provider()
        var response = try await provider.response(to: first())
        response.content.remove(at: 0)
        let error = try await provider.failure(of: second(response))
        guard case .replayDiverged(let turn, let place, let expected, let actual) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(turn == 1)
        #expect(place.hasPrefix("block 1 of the model's own answer"))
        #expect(expected.hasPrefix("the reasoning"))
        #expect(actual.hasPrefix("the text"))
    }

    @Test func toolMustBeOnOffer() async throws {
        var request = first()
        request.tools = [.readFile]
        let error = try await provider().failure(of: request)
        #expect(
            error
                == .replayDiverged(
                    turn: 1, place: "the tools on offer", expected: "the tool list_files among them",
                    actual: "read_file"))
    }

    @Test func endOfTheRecording() async throws {
        let provider = try provider()
        var request = second(try await provider.response(to: first()))
        request.messages += [.assistant(try await provider.response(to: request).content), .user("More")]
        #expect(try await provider.failure(of: request) == .replayExhausted(turns: 2))
    }

    @Test func differencesAreShownCapped() async throws {
        var request = first()
        request.messages = [.user(String(repeating: "x", count: 1_000_000))]
        #expect(try await provider().failure(of: request).description.count < 2000)
    }

    @Test(arguments: [
        (#"{}"#, "version"), (#"{"version":2,"turns":[]}"#, "version"), (#"{"version":1}"#, "turns"),
        (#"{"version":1,"turns":[{}]}"#, "turn 1: the array 'expect.newMessages'"),
        (#"{"version":1,"turns":[{"expect":{"newMessages":[]}}]}"#, "'response' is missing"),
        (#"{"version":1,"turns":[{"expect":{"newMessages":[{}]},"response":{"content":[]}}]}"#, "role"),
        (
            #"{"version":1,"turns":[{"expect":{"newMessages":[{"role":"user","content":[{"type":"text"}]}]},"response":{"content":[]}}]}"#,
            "a matcher needs"
        ),
        (
            #"{"version":1,"turns":[{"expect":{"newMessages":[]},"response":{"content":[{"type":"picture"}]}}]}"#,
            "unknown type 'picture'"
        ),
        ("{", "not valid"),
    ])
    func invalidRecordings(text: String, reason: String) async throws {
        try await withTemporaryFolder { folder in
            let file = "\(folder)/r.json"
            try SmallFile.replace(file, with: Array(text.utf8))
            let error = try #require(throws: ModelError.self) { try Recording(reading: file) }
            #expect(error.description.contains(reason))
            #expect(error.description.contains(file))
        }
    }

    @Test func missingRecording() throws {
        let error = try #require(throws: ModelError.self) { try Recording(reading: "/does/not/exist") }
        #expect(error.description.contains("No such file"))
    }
}
