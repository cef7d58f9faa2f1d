import JSON
import Secrets
import Synchronization
import Testing

@testable import Models

/// What a recorder wrote.
private final class Written: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func take(_ line: [UInt8]) { bytes.withLock { $0 += line } }
    var all: [UInt8] { bytes.withLock { $0 } }
    var text: String { String(decoding: all, as: UTF8.self) }
}

@Suite struct TrafficTests {
    private static let secret = SecretString("canary-secret-0815")
    private static let call = ToolCall(
        id: "t1", name: "read_file", arguments: ["path": "/w/here/a.c", "key": "canary-secret-0815"])
    private static let first = ModelResponse(
        model: "m",
        content: [.reasoning(Reasoning(text: "Hm", signature: "s")), .text("In /w/here, ${x}"), .toolCall(call)],
        stopReason: .toolUse, usage: ModelUsage(input: 3, output: 4, cacheRead: 5, cacheWrite: 6, reasoning: 1),
        answeredBy: "b")
    private static let last = ModelResponse(
        model: "m", content: [.text("Done.")], stopReason: .endTurn, answeredBy: "b")
    private static let title = ModelResponse(model: "m", content: [.text("A title")], stopReason: .endTurn)
    private static let firstEvents: [ModelEvent] = [
        .textDelta("void"), .switched(ModelSwitch(from: "a", to: "b", reason: "it is overloaded or failing")),
        .reasoningDelta("H"), .reasoningDelta("m"), .textDelta("In /w"), .textDelta("/he"), .textDelta("re, $"),
        .textDelta("{x}"), .toolCall(call), .completed(first),
    ]

    private static let header = TrafficHeader(
        program: "test", created: 1, session: ["prompt": "Fix /w/here with canary-secret-0815"],
        models: [
            NamedModel(
                name: "b", settings: ModelSettings(provider: .anthropic, model: "claude"), contextWindow: 1000,
                prices: ModelPrices(input: 1, output: 2, cacheRead: 3, cacheWrite: 4))
        ], roles: [.edit: ["b"]])

    private func recorder(_ written: Written, header: TrafficHeader? = header) -> TrafficRecorder {
        TrafficRecorder(
            header: header, workspacePath: "/w/here", session: "s-1", redactor: Redactor([Self.secret]),
            sink: { written.take($0) })
    }

    private func request(
        _ turn: Int, workspace: String = "/w/here", session: String = "s-1", result: String = "took 0.35s: no"
    ) -> ModelRequest {
        var messages: [ModelMessage] = [.user("Fix \(workspace)/a.c of \(session)")]
        if turn > 1 {
            var call = Self.call
            call.arguments["path"] = .string("\(workspace)/a.c")
            messages.append(.assistant([Self.first.content[0], .text("In \(workspace), ${x}"), .toolCall(call)]))
            messages.append(.toolResults([ToolResult(callID: "t1", text: "\(workspace): \(result)", isError: true)]))
        }
        return ModelRequest(
            system: "You work in \(workspace)", messages: messages, tools: [.readFile], sessionKey: session,
            workspacePath: workspace)
    }

    private func titleRequest(_ session: String = "s-1") -> ModelRequest {
        ModelRequest(
            system: "Title", messages: [.user("Fix")], maximumOutputTokens: 100, sessionKey: "\(session)-title")
    }

    private func events(
        _ stream: AsyncThrowingStream<ModelEvent, any Error>
    ) async -> (events: [ModelEvent], error: (any Error)?) {
        var events: [ModelEvent] = []
        do {
            for try await event in stream { events.append(event) }
            return (events, nil)
        } catch {
            return (events, error)
        }
    }

    @discardableResult
    private func record(
        _ recorder: TrafficRecorder, _ request: ModelRequest, _ answer: [ModelEvent], _ error: (any Error)? = nil,
        as role: ModelRole = .edit
    ) async -> [ModelEvent] {
        let provider = ScriptedProvider([(answer, error)])
        return await events(
            recorder.recording(provider.stream(request), to: request, as: role, isProgram: false, choice: nil)
        ).events
    }

    /// A session of two steps and a title.
    private func recording() async throws -> TrafficRecording {
        let written = Written()
        let recorder = recorder(written)
        #expect(await record(recorder, request(1), Self.firstEvents) == Self.firstEvents)
        await record(recorder, titleRequest(), [.completed(Self.title)], as: .title)
        await record(recorder, request(2), [.textDelta("Done."), .completed(Self.last)])
        #expect(!written.text.contains("canary"))
        #expect(!written.text.contains("/w/here"))
        #expect(!written.text.contains("s-1"))
        return try TrafficRecording(parsing: written.all)
    }

    @Test func playsEventByEventInAnotherFolder() async throws {
        let recording = try await recording()
        #expect(recording.header.models.map(\.name) == ["b"])
        #expect(recording.header.models[0].prices?.cacheWrite == 4)
        #expect(recording.header.roles == [.edit: ["b"]])
        let player = TrafficPlayer(recording, session: "s-2", redactor: Redactor([Self.secret]))
        let first = await events(player.stream(request(1, workspace: "/v", session: "s-2"), as: .edit))
        #expect(first.error == nil)
        #expect(first.events.count == 8)  // a path that was cut by two bounds is in one piece, with its neighbours
        #expect(first.events.prefix(4) == Self.firstEvents.prefix(4))
        #expect(first.events.text == "voidIn /v, ${x}")
        #expect(first.events.toolCalls[0].arguments["path"]?.stringValue == "/v/a.c")
        #expect(first.events.toolCalls[0].arguments["key"]?.stringValue == "<redacted>")
        #expect(first.events.response?.usage == Self.first.usage)
        #expect(first.events.response?.answeredBy == "b")
        // Another time than the recorded one, and a secret that was removed.
        let second = await events(
            player.stream(request(2, workspace: "/v", session: "s-2", result: "took 12 ms: no"), as: .edit))
        #expect(second.error == nil)
        #expect(second.events == [.textDelta("Done."), .completed(Self.last)])
        let title = await events(player.stream(titleRequest("s-2"), as: .title))
        #expect(title.events == [.completed(Self.title)])
        let more = await events(player.stream(request(2), as: .edit))
        #expect(more.error as? ModelError == .replayExhausted(turns: 2))
    }

    @Test func samePlaceGivesTheSameEvents() async throws {
        let written = Written()
        let call = ToolCall(id: "t1", name: "read_file", arguments: ["b": 1, "a": "x"])
        let response = ModelResponse(model: "m", content: [.text("a\u{301} b"), .toolCall(call)], stopReason: .toolUse)
        let answer: [ModelEvent] = [
            .textDelta("a"), .textDelta("\u{301}"), .textDelta(""), .textDelta(" b"),
            .retrying(reason: "cut", delay: .milliseconds(7)), .textDelta("a\u{301} b"), .toolCall(call),
            .completed(response),
        ]
        await record(recorder(written), request(1), answer)
        let player = TrafficPlayer(try TrafficRecording(parsing: written.all), session: "s-1")
        #expect(await events(player.stream(request(1), as: .edit)).events == answer)
    }

    @Test func tellsTheFirstDifference() async throws {
        let recording = try await recording()
        let player = TrafficPlayer(recording, session: "s-1", redactor: Redactor([Self.secret]))
        _ = await events(player.stream(request(1), as: .edit))
        var other = request(2, result: "took 0.35s: yes")
        let diverged = await events(player.stream(other, as: .edit))
        guard case .replayDiverged(let turn, let place, _, let actual)? = diverged.error as? ModelError else {
            Issue.record("\(String(describing: diverged.error))")
            return
        }
        #expect(turn == 2)
        #expect(place == "message 3, block 1")
        #expect(actual.contains("took <time>: yes"))
        other = request(2)
        other.tools = []
        guard
            case .replayDiverged(_, "the tools on offer", "read_file", _)? =
                await events(player.stream(other, as: .edit)).error as? ModelError
        else {
            Issue.record("tools are compared")
            return
        }
        // What was refused is still there to be asked for.
        #expect(await events(player.stream(request(2), as: .edit)).error == nil)
    }

    @Test func lenientlyAnswersWhateverIsAsked() async throws {
        let player = TrafficPlayer(
            try await recording(), options: .init(match: .lenient, speed: 1000), session: "s-1")
        let request = ModelRequest(messages: [.user("Something else")], sessionKey: "x")
        #expect(await events(player.stream(request, as: .edit)).events.count == 8)
        #expect(await events(player.stream(request, as: .edit)).events.last == .completed(Self.last))
    }

    @Test func asAModelEachSessionPlaysFromTheBeginning() async throws {
        let recording = try await recording()
        let provider = TrafficProvider(recording, name: "r", options: .init())
        for session in ["s-8", "s-9"] {
            var request = request(1, session: session)
            #expect(await provider.outcome(of: request).error == nil)
            #expect(await provider.outcome(of: titleRequest(session)).events == [.completed(Self.title)])
            request = self.request(2, session: session)
            request.messages[1].content[2] = .toolCall(
                ToolCall(id: "t1", name: "read_file", arguments: ["path": "/w/here/a.c", "key": "<redacted>"]))
            #expect(await provider.outcome(of: request).events.last == .completed(Self.last))
        }
    }

    @Test func whatTheUserSaidComesInItsPlace() async throws {
        let written = Written()
        let recorder = recorder(written)
        await record(recorder, request(1), Self.firstEvents)
        recorder.prompted(RecordedPrompt(text: "rather /w/here/b.c", steers: true))
        await record(recorder, request(2), [.textDelta("Do")], CancellationError())
        recorder.cancelled()
        recorder.prompted(RecordedPrompt(text: "again", steers: false, more: ["model": "b"]))
        await record(recorder, request(2), [.completed(Self.last)])
        let recording = try TrafficRecording(parsing: written.all)
        #expect(recording.furtherTurns == 1)
        let player = TrafficPlayer(recording, session: "s-1", redactor: Redactor([Self.secret]))
        #expect(player.steering().isEmpty)
        _ = await events(player.stream(request(1), as: .edit))
        #expect(player.steering().map(\.text) == ["rather ${cofferdam:workspace}/b.c"])
        #expect(player.steering().isEmpty)
        let cut = await events(player.stream(request(2), as: .edit))
        #expect(cut.events == [.textDelta("Do")])
        #expect(cut.error is CancellationError)
        #expect(player.nextPrompt() == RecordedPrompt(text: "again", steers: false, more: ["model": "b"]))
        #expect(player.nextPrompt() == nil)
        #expect(await events(player.stream(request(2), as: .edit)).events == [.completed(Self.last)])
    }

    @Test func aTurnThatWasEndedBetweenTwoRequestsEndsThere() async throws {
        let written = Written()
        let recorder = recorder(written)
        await record(recorder, request(1), Self.firstEvents)
        recorder.cancelled()
        recorder.prompted(RecordedPrompt(text: "again", steers: false))
        await record(recorder, request(2), [.completed(Self.last)])
        let player = TrafficPlayer(
            try TrafficRecording(parsing: written.all), session: "s-1", redactor: Redactor([Self.secret]))
        _ = await events(player.stream(request(1), as: .edit))
        #expect(await events(player.stream(request(2), as: .edit)).error is CancellationError)
        #expect(player.nextPrompt()?.text == "again")
        #expect(await events(player.stream(request(2), as: .edit)).error == nil)
    }

    @Test func programsAreAnsweredInAnyOrder() async throws {
        let written = Written()
        let recorder = recorder(written)
        func ask(_ text: String) -> ModelRequest { ModelRequest(messages: [.user(text)], sessionKey: "s-1") }
        for text in ["one", "two"] {
            let response = ModelResponse(model: "m", content: [.text("to \(text)")], stopReason: .endTurn)
            let provider = ScriptedProvider([([.completed(response)], nil)])
            _ = await events(
                recorder.recording(
                    provider.stream(ask(text)), to: ask(text), as: .edit, isProgram: true, choice: "b"))
        }
        let player = TrafficPlayer(try TrafficRecording(parsing: written.all), session: "s-1")
        for text in ["two", "one"] {
            let answer = await events(player.stream(ask(text), as: .edit, isProgram: true, choice: "b"))
            #expect(answer.events.response?.text == "to \(text)")
        }
        // The loop has a lane of its own, and nothing in it.
        #expect(await events(player.stream(ask("one"), as: .edit)).error is ModelError)
    }

    @Test func errorsComeAgain() async throws {
        let all: [ModelError] = [
            .authentication("a"), .rateLimited(retryAfter: .seconds(3), detail: "b"),
            .overloaded(retryAfter: nil, detail: "c"), .contextOverflow("d"), .invalidRequest("e"),
            .malformedResponse("f"), .streamCut("g"), .stalled(after: .seconds(1)), .network("h"), .notConfigured("i"),
            .noModelAnswered([.init(model: "a", reason: "r")]),
        ]
        for error in all {
            let written = Written()
            await record(recorder(written), request(1), [.textDelta("x")], error)
            let player = TrafficPlayer(try TrafficRecording(parsing: written.all), session: "s-1")
            #expect(await events(player.stream(request(1), as: .edit)).error as? ModelError == error)
        }
    }

    @Test func aRequestThatAServiceDidNotSurviveIsPlayedOnce() async throws {
        let written = Written()
        _ = recorder(written)
        written.take(
            Array(#"{"type":"request","call":1,"role":"edit","system":"","tools":[],"keep":0,"messages":[]}"#.utf8)
                + [10])
        let second = recorder(written, header: nil)
        await record(second, request(1), Self.firstEvents)
        await record(second, request(2), [.completed(Self.last)])
        let recording = try TrafficRecording(parsing: written.all)
        let player = TrafficPlayer(recording, session: "s-1", redactor: Redactor([Self.secret]))
        #expect(await events(player.stream(request(1), as: .edit)).error == nil)
        // A later service goes on in the middle, with a request that may have been answered already.
        let resumed = TrafficPlayer(recording, session: "s-1", redactor: Redactor([Self.secret]), from: player.position)
        #expect(await events(resumed.stream(request(1), as: .edit)).error == nil)
        #expect(await events(resumed.stream(request(2), as: .edit)).error == nil)
    }

    @Test func aSecretThatIsCutByTheBoundsOfDeltasIsRemoved() async throws {
        let written = Written()
        let pieces = ["Key: ", "canary-", "secret", "-0815", ", keep", " it"]
        let response = ModelResponse(model: "m", content: [.text(pieces.joined())], stopReason: .endTurn)
        await record(recorder(written), request(1), pieces.map(ModelEvent.textDelta) + [.completed(response)])
        for part in ["canary", "secret-", "0815\""] { #expect(!written.text.contains(part)) }
        let call = try #require(try TrafficRecording(parsing: written.all).calls.first)
        #expect(
            call.events.map(\.event).dropLast() == [
                .textDelta("Key: "), .textDelta("<redacted>"), .textDelta(", keep"), .textDelta(" it"),
            ])
    }

    @Test func aRecordingEndsAtItsCap() async throws {
        let written = Written()
        let recorder = recorder(written)
        let large = String(repeating: "x", count: TrafficLimits.maximumBytes / 2)
        for number in 1...3 {
            let request = ModelRequest(messages: [.user("\(number)\(large)")], sessionKey: "s-1")
            await record(recorder, request, [.completed(Self.last)])
        }
        #expect(written.all.count <= TrafficLimits.maximumBytes)
        let recording = try TrafficRecording(parsing: written.all)
        #expect(recording.stopped?.contains("24 MiB") == true)
        #expect(recording.calls.count == 1)
    }

    @Test(arguments: [
        ("", "it is empty"), ("{}", "line 1: the first line is not that of a recording"),
        (#"{"type":"recording","version":9}"#, "line 1: a recording of version 9; this program reads 1"),
        ("+nope", "line 2:"), (#"+{"type":"what"}"#, "line 2: a line of the unknown type 'what'"),
        (#"+{"type":"answer","call":1,"events":[]}"#, "line 2: an answer to no request that is open"),
        (
            #"+{"type":"request","call":1,"role":"edit","keep":1,"messages":[]}"#,
            "line 2: a request's 'keep' is no number up to 0"
        ),
        (
            #"+{"type":"request","call":1,"role":"boss","keep":0,"messages":[]}"#,
            "line 2: a request lacks a known 'role'"
        ),
        (
            #"+{"type":"request","call":1,"role":"edit","keep":0,"messages":[]}"# + "\n"
                + #"{"type":"answer","call":1,"events":[{"at":0,"text":"x"}]}"#, "line 3: an answer without an end"
        ),
    ])
    func saysWhatIsWrongAndWhere(text: String, reason: String) throws {
        let header = #"{"type":"recording","version":1,"session":{},"models":[]}"# + "\n"
        let text = text.hasPrefix("+") ? header + text.dropFirst() : text
        let error = #expect(throws: ConversationFormatError.self) { try TrafficRecording(parsing: Array(text.utf8)) }
        #expect(error?.description.hasPrefix(reason) == true, "\(String(describing: error))")
    }

    @Test func conversationsThatWouldFillTheMemoryAreRefused() {
        var text = #"{"type":"recording","version":1,"session":{},"models":[]}"# + "\n"
        let messages = Array(repeating: #"{"role":"user","content":[]}"#, count: 50_000).joined(separator: ",")
        text += #"{"type":"request","call":1,"role":"edit","keep":0,"messages":[\#(messages)]}"# + "\n"
        for call in 2...100 {
            text += #"{"type":"request","call":\#(call),"role":"edit","keep":50000,"messages":[]}"# + "\n"
        }
        let error = #expect(throws: ConversationFormatError.self) { try TrafficRecording(parsing: Array(text.utf8)) }
        #expect(error?.description == "line 82: more messages than can be played")
    }

    @Test func namesSurviveTextsThatLookLikeThem() {
        let names = TrafficNames(workspacePath: "/w", session: "s-1")
        for text in ["${cofferdam:workspace} /w/x ${cofferdam:literal:}", "$", "${cofferdam:", "s-1 in /w, not /wide"] {
            #expect(names.resolve(names.record(text)) == text)
        }
        let there = TrafficNames(workspacePath: "/v", session: "s-2")
        #expect(there.resolve(names.record("s-1 in /w, not /wide")) == "s-2 in /v, not /wide")
    }

    @Test(arguments: [
        ("Ran 1 test in 0.002s", "Ran 1 test in <time>"), ("(1.5 seconds), 3m 2.5s", "(<time>), <time> <time>"),
        ("at 2026-11-28T12:00:01.5Z and 2026-11-28 12:00:01 +0100", "at <date> and <date>"),
        ("12:34:56.789 a.c:12:34 [12:01:02]", "<clock> a.c:12:34 [<clock>]"),
        ("commit 0a1b2c3d, 0xdeadbeef, 6f1c0de2-0000-4000-8000-00000000000a", "commit <hash>, <hash>, <id>"),
        ("pid 4711, PID=12, rapid 12", "pid <number>, pid <number>, rapid 12"),
        (
            "/tmp/tmp.a-B9/x /var/tmp/q 127.0.0.1:40123 host:40123",
            "/tmp/<name>/x /var/tmp/q 127.0.0.1:<port> host:40123"
        ),
        ("3 tests, 12 failed, line 5, 2nd, x86_64, 5 m, 12345", "3 tests, 12 failed, line 5, 2nd, x86_64, 5 m, 12345"),
        ("Grüße 👋 added effaced", "Grüße 👋 added effaced"), ("5µs", "<time>"),
        ("exit code 2, known from an earlier session on this tree", "exit code 2"),
    ])
    func whatVariesIsPutAside(text: String, expected: String) {
        #expect(VaryingText.normalised(text) == expected)
    }
}
