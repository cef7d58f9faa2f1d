import AgentProtocol
import Models
import Sandbox
import TestSupport
import Testing

@testable import Agent

@Suite("Recording and replay", .timeLimit(.minutes(10)))
struct ReplayTests {
    /// What happened, without what differs between two runs.
    private func story(_ test: TestSession) throws -> [AgentEvent] {
        try test.events().filter { event in
            switch event {
            case .promptReceived, .turnStarted, .messageDelta, .messageCompleted, .toolCallStarted, .usageUpdated: true
            default: false
            }
        }
    }

    private func prompt(_ test: TestSession, _ text: String, _ delivery: AgentPrompt.Delivery? = nil) async throws {
        _ = try await test.session.prompt(
            AgentPrompt.Params(
                sessionId: "s", text: text, delivery: delivery,
                context: PromptContext(
                    selections: [
                        Selection(
                            path: "a.c", range: TextRange(startLine: 1, startColumn: 1, endLine: 1, endColumn: 1))
                    ])))
    }

    /// A session that is steered in its first turn, whose second turn is cancelled, and that has a third one.
    private func record(_ file: RecordingFile) async throws -> (story: [AgentEvent], outcomes: [TurnOutcome]) {
        let (reached, goOn, asked) = (Gate(), Gate(), Gate())
        var options = TestSession.Options()
        options.recording = file
        let fake = try await FakeSession(
            options,
            command: { _, _ in
                await reached.open()
                await goOn.wait()
                return FakeCommand()
            },
            [
                Say.calls(run("1", "slow")), Say.text("First."),
                { _ in
                    await asked.open()
                    try await Task.sleep(for: .seconds(3600))
                    throw CancellationError()
                }, Say.text("Third."),
            ])
        await reached.wait()
        try await prompt(fake.test, "steered", .steer)
        await goOn.open()
        var outcomes = [try await fake.test.turn().outcome]
        _ = try await fake.test.state(.idle)
        try await prompt(fake.test, "cancelled")
        await asked.wait()
        await fake.test.session.cancel()
        outcomes.append(try await fake.test.turn().outcome)
        _ = try await fake.test.state(.idle)
        try await prompt(fake.test, "third")
        outcomes.append(try await fake.test.turn().outcome)
        let story = try story(fake.test)
        try await fake.test.finish()
        return (story, outcomes)
    }

    @Test("What the user said into a turn, after it, and its end come again at their place")
    func theUserComesAgain() async throws {
        let folder = try TemporaryFolder()
        let file = try await RecordingFile(stateDirectory: "\(folder.path)/recorded")
        let recorded = try await record(file)
        #expect(recorded.outcomes == [.answered, .cancelled, .answered])
        let piece = try await file.piece(at: 0)
        let recording = try TrafficRecording(parsing: try #require(Base64.decode(piece.data)))
        #expect(recording.furtherTurns == 2)

        var options = TestSession.Options()
        let place = try TemporaryFolder()
        options.folder = place
        options.models = ModelCatalog(replaying: recording.header)
        options.replay = TrafficPlayer(recording, session: "s", workspacePath: "\(place.path)/workspace")
        let fake = try await FakeSession(options, [])
        var outcomes: [TurnOutcome] = []
        for _ in 0..<3 { outcomes.append(try await fake.test.turn().outcome) }
        #expect(outcomes == recorded.outcomes)
        #expect(try story(fake.test) == recorded.story)
        #expect(fake.test.provider.requests.isEmpty)
        // It has no more to say.
        _ = try await fake.test.state(.idle)
        try await prompt(fake.test, "more")
        #expect(try await fake.test.turn().reason.contains("one more was asked for"))
        try await fake.test.finish()
    }

    @Test("A later service goes on with a recording, after a line that was not finished")
    func aLaterServiceGoesOn() async throws {
        let folder = try TemporaryFolder()
        let state = "\(folder.path)/recorded"
        do {
            let file = try await RecordingFile(stateDirectory: state)
            file.take(Array("{\"type\":\"one\"}\n{\"type\":\"tw".utf8))
            await file.settle()
        }
        let file = try await RecordingFile(stateDirectory: state)
        #expect(file.bytes == 15)
        file.take(Array("{}\n".utf8))
        let piece = try await file.piece(at: 13)
        #expect(Base64.decode(piece.data) == Array("}\n{}\n".utf8))
        #expect(piece.bytes == 18)
        await #expect(throws: AgentError.self) { try await file.piece(at: 19) }
        await RecordingFile.remove(stateDirectory: state)
        await #expect(throws: AgentError.self) { try await RecordingFile.piece(stateDirectory: state, at: 0) }
    }
}
