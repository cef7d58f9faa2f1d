import AgentProtocol
import JSON
import Models
import Sandbox
import Testing

@testable import Agent

@Suite("Steering, cancelling, stopping", .timeLimit(.minutes(10)))
struct SteeringTests {
    private func prompt(
        _ fake: FakeSession, _ text: String, _ delivery: AgentPrompt.Delivery? = nil
    ) async throws {
        _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: text, delivery: delivery))
    }

    @Test("Steering arrives before the model's next step; a queued prompt after the turn")
    func steerAndQueue() async throws {
        let reached = Gate()
        let goOn = Gate()
        let fake = try await FakeSession(
            command: { _, _ in
                await reached.open()
                await goOn.wait()
                return FakeCommand()
            }, [Say.calls(run("1", "slow")), Say.text("First."), Say.text("Second.")])
        await reached.wait()
        try await prompt(fake, "queued")
        try await prompt(fake, "steered", .steer)
        await goOn.open()
        let first = try await fake.test.turn()
        #expect(first.turnId == "turn-1" && first.steps == 2)
        let second = try await fake.test.turn()
        #expect(second.turnId == "turn-2" && second.steps == 1)
        let requests = fake.test.provider.requests
        #expect(requests[1].results["1"] != nil)
        #expect(requests[1].lastText == "steered")
        #expect(requests[2].lastText == "queued")
        try await fake.test.finish()
    }

    @Test("Steering that comes during the last answer is not lost: the turn goes on with it")
    func steerDuringLastAnswer() async throws {
        let reached = Gate()
        let goOn = Gate()
        let fake = try await FakeSession([
            { request in
                await reached.open()
                await goOn.wait()
                return try await Say.text("Done?")(request)
            }, Say.text("Done."),
        ])
        await reached.wait()
        try await prompt(fake, "wait", .steer)
        await goOn.open()
        let turn = try await fake.test.turn()
        #expect(turn.steps == 2)
        #expect(fake.test.provider.requests[1].lastText == "wait")
        try await fake.test.finish()
    }

    @Test("Prompts run in their order; steering an idle session begins a turn")
    func order() async throws {
        let fake = try await FakeSession((0..<5).map { Say.text("answer \($0)") })
        _ = try await fake.test.turn()
        for text in ["a", "b", "c"] { try await prompt(fake, text) }
        for number in 2...4 { #expect(try await fake.test.turn().turnId == "turn-\(number)") }
        _ = try await fake.test.state(.idle)
        try await prompt(fake, "d", .steer)
        _ = try await fake.test.turn()
        #expect(fake.test.provider.requests.map(\.lastText) == ["mend it", "a", "b", "c", "d"])
        try await fake.test.finish()
    }

    @Test("Cancelling in a command ends the command, then the turn; what was done before is told truly")
    func cancelCommand() async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x"]),
            command: { request, _ in FakeCommand(stdout: Array("begun\n".utf8), hangs: request.arguments == ["hang"]) },
            [
                Say.calls(write("1", "a", "y"), run("2", "hang"), write("3", "a", "z")), Say.text("Understood."),
            ])
        try await fake.test.next { if case .outputDelta = $0 { true } else { nil } }
        try await prompt(fake, "never", .queue)
        await fake.test.session.cancel()
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .cancelled)
        #expect(turn.reason == "cancelled")
        #expect(turn.changedFiles == ["a"])
        #expect(try fake.test.outcome(of: "run")?.status == .cancelled)
        _ = try await fake.test.state(.idle)
        #expect(await !fake.test.session.isBusy)
        try await prompt(fake, "and now?")
        #expect(try await fake.test.turn().outcome == .unverified)
        let results = fake.test.provider.requests[1].results
        #expect(results["1"]?.text == "Changed a.")
        #expect(results["1"]?.isError == false)
        #expect(results["2"]?.text == "Cancelled.")
        #expect(results["3"]?.text == "Not done: cancelled.")
        #expect(fake.test.provider.requests[1].lastText == "and now?")
        #expect(fake.test.provider.requests.count == 2)
        try await fake.test.finish()
    }

    @Test("Cancelling while the model speaks ends the turn; what it had said stays in the log")
    func cancelModel() async throws {
        let fake = try await FakeSession([
            { _ in
                [.textDelta("I was about to")]
            }, Say.text("Hello."),
        ])
        // The stream of the first step ends without an answer: that is a failure of the model.
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .failed)
        try await prompt(fake, "again")
        #expect(try await fake.test.turn().outcome == .answered)
        try await fake.test.finish()
        let hanging = try await FakeSession([
            { _ in
                try await Task.sleep(for: .seconds(3600))
                return []
            }, Say.text("Hello."),
        ])
        try await hanging.test.next { if case .turnStarted = $0 { true } else { nil } }
        await hanging.test.session.cancel()
        #expect(try await hanging.test.turn().outcome == .cancelled)
        try await prompt(hanging, "again")
        #expect(try await hanging.test.turn().outcome == .answered)
        try await hanging.test.finish()
    }

    @Test("Cancelling during a check after an edit ends the check and keeps the edit")
    func cancelCheck() async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x"], checks: [CheckSpecification(name: "build", command: ["make"])]),
            command: { _, sandbox in FakeCommand(stdout: Array("building\n".utf8), hangs: sandbox["a"] == "y") },
            [Say.calls(write("1", "a", "y")), Say.text("Understood.")])
        try await fake.test.next { if case .fileChanged = $0 { true } else { nil } }
        try await fake.test.next { if case .outputDelta = $0 { true } else { nil } }
        await fake.test.session.cancel()
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .cancelled)
        #expect(turn.evidence.isEmpty)
        #expect(turn.changedFiles == ["a"])
        try fake.sandbox["a"] = "z"
        try await prompt(fake, "and?")
        _ = try await fake.test.turn()
        #expect(fake.test.provider.requests[1].results["1"]?.text == "Changed a.")
        await fake.test.session.stop(reason: "over")
        fake.test.provider.checkConversations()
    }

    @Test("Stopping ends turn, command and sandbox; the last event is the end, and its reason is true")
    func stop() async throws {
        let fake = try await FakeSession(
            command: { _, _ in FakeCommand(stdout: Array("begun\n".utf8), hangs: true) },
            [Say.calls(run("1", "hang"))])
        try await fake.test.next { if case .outputDelta = $0 { true } else { nil } }
        await fake.test.session.stop(reason: "stopped by the user")
        #expect(try fake.sandbox.isGone)
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .cancelled)
        #expect(turn.reason == "stopped by the user")
        guard case .sessionStatus(let last)? = try fake.test.events().last else {
            Issue.record("the last event is not the end")
            return
        }
        #expect(last == SessionStatusEvent(state: .stopped, reason: "stopped by the user"))
        // The service forgets a session when it hears of its end: it hears of it once, after everything else.
        let states = fake.test.observed.states.withLock { $0 }
        #expect(states.last == .stopped)
        #expect(states.filter { !$0.isLive }.count == 1)
        #expect(fake.test.observed.outcomes.withLock { $0.last } == .cancelled)
        await #expect(throws: AgentError.self) { try await prompt(fake, "too late") }
        await #expect(throws: AgentError.self) { try await fake.test.session.diff(AgentDiff.Params(sessionId: "s")) }
        await fake.test.session.stop(reason: "again")
        #expect(fake.test.observed.states.withLock { $0.filter { !$0.isLive }.count } == 1)
        try await fake.test.finish()
    }

    @Test("Stopping while the sandbox boots or the baseline runs leaves no sandbox behind")
    func stopAtStart() async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x"], checks: [CheckSpecification(name: "build", command: ["make"])]),
            command: { _, _ in FakeCommand(stdout: Array("begun\n".utf8), hangs: true) }, [])
        try await fake.test.next { if case .outputDelta = $0 { true } else { nil } }
        await fake.test.session.stop(reason: "changed my mind")
        #expect(try fake.sandbox.isGone)
        #expect(try await fake.test.state(.stopped).reason == "changed my mind")
        #expect(fake.test.provider.requests.isEmpty)
        // Cancelling the start ends the session as well: there is nothing else to end.
        let cancelled = try await FakeSession(
            .init(files: ["a": "x"], checks: [CheckSpecification(name: "build", command: ["make"])]),
            command: { _, _ in FakeCommand(stdout: Array("begun\n".utf8), hangs: true) }, [])
        try await cancelled.test.next { if case .outputDelta = $0 { true } else { nil } }
        await cancelled.test.session.cancel()
        #expect(try await cancelled.test.state(.stopped).reason == "cancelled while it was starting")
        #expect(try cancelled.sandbox.isGone)
    }
}
