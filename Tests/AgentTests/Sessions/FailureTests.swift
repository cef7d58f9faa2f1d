import AgentProtocol
import JSON
import Models
import Sandbox
import Store
import Testing

@testable import Agent

@Suite("Limits and faults", .timeLimit(.minutes(10)))
struct FailureTests {
    @Test("Steps and tokens end a turn; its work is kept and the session goes on")
    func limits() async throws {
        for budgets in [Budgets(maxSteps: 2), Budgets(maxTokens: 30)] {
            let fake = try await FakeSession(
                .init(files: ["a": "0"], budgets: budgets),
                (1...5).map { Say.calls(write("\($0)", "a", "\($0)")) })
            let turn = try await fake.test.turn()
            #expect(turn.outcome == .limit)
            #expect(turn.reason.contains("limit of"))
            #expect(turn.steps == 2)
            #expect(turn.changedFiles == ["a"])
            _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "go on"))
            #expect(try await fake.test.turn().outcome == .limit)
            try await fake.test.finish()
        }
        let time = try await FakeSession(.init(budgets: Budgets(maxSeconds: 0)), [])
        #expect(try await time.test.turn().reason == "the limit of 0 s is reached")
        try await time.test.finish()
    }

    @Test("A model that repeats itself is told, then ended")
    func repeats() async throws {
        let fake = try await FakeSession(
            command: { _, _ in .text("same\n", 1) }, (1...10).map { Say.calls(run("\($0)", "same")) })
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .limit)
        #expect(turn.reason.contains("repeated"))
        #expect(turn.steps == AgentLimits().repeatsBeforeEnd)
        let told = fake.test.provider.requests.map { $0.lastText.contains("You repeat the same calls") }
        #expect(told == [false, false, false, true, true, true])
        try await fake.test.finish()
    }

    @Test("A model that fails in the middle costs nothing of the work, and a new prompt goes on from there")
    func modelFailure() async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x"]),
            [
                Say.calls(write("1", "a", "y")), { _ in throw ModelError.overloaded(retryAfter: nil, detail: "503") },
                Say.text("Done."),
            ])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .failed)
        #expect(turn.reason.contains("overloaded"))
        #expect(turn.changedFiles == ["a"])
        _ = try await fake.test.state(.idle)
        _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "try again"))
        #expect(try await fake.test.turn().outcome == .unverified)
        #expect(fake.test.provider.requests[2].results["1"]?.text == "Changed a.")
        #expect(fake.test.provider.requests[2].lastText.hasSuffix("try again"))
        try await fake.test.finish()
    }

    @Test("A retried answer voids what it had begun to say; refusals, cut and empty answers are what they are")
    func answers() async throws {
        let fake = try await FakeSession([
            { _ in
                [
                    .reasoningDelta("hm"), .textDelta("Half an ans"),
                    .retrying(reason: "cut", delay: .milliseconds(1500)), .textDelta("Whole answer."),
                    .completed(ModelResponse(model: "m", content: [.text("Whole answer.")], stopReason: .endTurn)),
                ]
            },
            Say.text("It is lo", .maximumTokens), Say.text("ng."),
            { _ in [.completed(ModelResponse(model: "m", content: [], stopReason: .endTurn))] },
            Say.text("I will not.", .refusal), Say.text("Hello."),
        ])
        #expect(try await fake.test.turn().outcome == .answered)
        let retried = try fake.test.events().compactMap { event -> ModelRetried? in
            if case .modelRetried(let retried) = event { retried } else { nil }
        }
        #expect(retried.map(\.voidItemIds) == [["reasoning-1", "message-2"]])
        #expect(retried.map(\.delayMilliseconds) == [1500])
        let outcomes: [TurnOutcome] = [.answered, .answered, .failed, .answered]
        for (number, outcome) in outcomes.enumerated() {
            _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "prompt \(number)"))
            let turn = try await fake.test.turn()
            #expect(turn.outcome == outcome)
            if number == 0 { #expect(turn.steps == 2) }
            if outcome == .failed { #expect(turn.reason == "the model refused: I will not.") }
        }
        try await fake.test.finish()
    }

    @Test("A lost sandbox fails the session with its reason, whatever was going on")
    func sandboxLost() async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x"]),
            command: { _, _ in FakeCommand(stdout: Array("begun\n".utf8), hangs: true) },
            [Say.calls(write("1", "a", "y"), run("2", "hang"))])
        try await fake.test.next { if case .outputDelta = $0 { true } else { nil } }
        try await fake.sandbox.lose("its first process was killed")
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .failed)
        #expect(turn.reason.contains("killed"))
        #expect(turn.changedFiles == ["a"])
        let end = try await fake.test.state(.failed)
        #expect(end.reason == "the sandbox was lost: its first process was killed")
        #expect(fake.test.observed.states.withLock { $0.filter { !$0.isLive } } == [.failed])
        try await fake.test.finish()
        let thinking = try await FakeSession([
            { _ in
                try await Task.sleep(for: .seconds(3600))
                return []
            }
        ])
        try await thinking.test.next { if case .turnStarted = $0 { true } else { nil } }
        try await thinking.sandbox.lose("power cut")
        let second = try await thinking.test.turn()
        #expect(second.outcome == .failed)
        #expect(second.reason == "the sandbox was lost: power cut")
        _ = try await thinking.test.state(.failed)
        try await thinking.test.finish()
        let idle = try await FakeSession([Say.text("Hello.")])
        _ = try await idle.test.state(.idle)
        try await idle.sandbox.lose("oops")
        #expect(try await idle.test.state(.failed).reason == "the sandbox was lost: oops")
        try await idle.test.finish()
    }

    @Test("A sandbox that cannot be made fails the session with the driver's words")
    func noSandbox() async throws {
        let driver = FakeDriver { _ in throw SandboxError.bubblewrapMissing }
        let test = try TestSession(.init(), driver: driver, [])
        try await test.session.start()
        #expect(try await test.state(.failed).reason?.contains("Install the Debian package bubblewrap") == true)
        #expect(test.observed.states.withLock { $0 } == [.failed])
        await #expect(throws: AgentError.self) {
            try await test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "hello"))
        }
    }

    /// Takes the next place in the session's log, so that the log refuses every further event.
    private static func breakLog(_ test: TestSession?) async throws {
        guard let test else { return }
        let seq = await test.log.seq
        try test.store.append([LoggedEvent(seq: seq + 1, params: Array("{}".utf8))], to: "s")
    }

    @Test("A log that cannot be written ends the session, and nothing runs on unrecorded")
    func logFailure() async throws {
        let late = Late<TestSession>()
        defer { late.set(nil) }
        let fake = try await FakeSession(
            .init(files: ["a": "x"]),
            command: { _, _ in
                try await Self.breakLog(late.get())
                return .text("output")
            }, [Say.calls(run("1", "hostile"), write("2", "a", "y")), Say.text("Done.")], late: late)
        await fake.test.observed.ended.wait()
        #expect(fake.test.observed.states.withLock { $0.last } == .failed)
        #expect(try fake.sandbox.isGone)
        #expect(try fake.sandbox["a"] == "x")
        #expect(fake.test.provider.requests.count == 1)
    }

    @Test("A permission that cannot be recorded permits nothing")
    func unrecordedPermission() async throws {
        let late = Late<TestSession>()
        defer { late.set(nil) }
        var options = TestSession.Options(files: [".envrc": "x"])
        options.onApproval = { session, request in
            try? await Self.breakLog(late.get())
            _ = await session?.approve(
                AgentApprove.Params(sessionId: "s", approvalId: request.approvalId, decision: .allowOnce), client: "c")
        }
        let fake = try await FakeSession(
            options, [Say.calls(write("1", ".envrc", "y")), Say.text("Done.")], late: late)
        await fake.test.observed.ended.wait()
        #expect(fake.test.observed.states.withLock { $0.last } == .failed)
        #expect(try fake.sandbox[".envrc"] == "x")
    }
}
