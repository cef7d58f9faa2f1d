import AgentProtocol
import JSON
import Models
import Policy
import Sandbox
import Testing

@testable import Agent

@Suite("Approvals", .timeLimit(.minutes(10)))
struct ApprovalTests {
    private func options(_ change: (inout TestSession.Options) -> Void = { _ in }) throws -> TestSession.Options {
        var layer = PolicyLayer.builtIn()
        layer.ask += [
            try PolicyRule("run(deploy *)"), try PolicyRule("edit(careful/**)"), try PolicyRule("write(careful/**)"),
        ]
        layer.deny.append(try PolicyRule("run(deploy production)"))
        var options = TestSession.Options(files: ["careful/a": "one\n"], layers: [layer])
        change(&options)
        return options
    }

    @Test("The user is asked with the exact command; allowed once is allowed once")
    func allowOnce() async throws {
        let fake = try await FakeSession(
            try options(),
            [Say.calls(run("1", "deploy", "test it")), Say.calls(run("2", "deploy", "test it")), Say.text("Done.")])
        for _ in 0..<2 {
            let request = try await fake.test.approval()
            #expect(request.tool == "run")
            #expect(request.command == "deploy 'test it'")
            #expect(request.title == "Run: deploy 'test it'")
            #expect(request.reason == "the built-in policy asks for approval: run(deploy *)")
            #expect(await fake.test.session.pendingApprovals == [request])
            let result = await fake.test.approve(request.approvalId, .allowOnce, client: "editor")
            #expect(result?.accepted == true)
            #expect(result?.resolution.answeredBy == "editor")
        }
        _ = try await fake.test.turn()
        #expect(try fake.sandbox.commands.count == 2)
        #expect(await fake.test.session.pendingApprovals.isEmpty)
        let states = try fake.test.events().compactMap { event -> SessionState? in
            if case .sessionStatus(let status) = event { status.state } else { nil }
        }
        #expect(states.prefix(6) == [.starting, .running, .waiting, .running, .waiting, .running])
        try await fake.test.finish()
    }

    @Test("Allowed for the session holds for exactly the same action")
    func allowSession() async throws {
        let fake = try await FakeSession(
            try options(),
            [
                Say.calls(run("1", "deploy", "test")), Say.calls(run("2", "deploy", "test")),
                Say.calls(run("3", "deploy", "other")), Say.text("Done."),
            ])
        let first = try await fake.test.approval()
        _ = await fake.test.approve(first.approvalId, .allowSession)
        let second = try await fake.test.approval()
        #expect(second.command == "deploy other")
        _ = await fake.test.approve(second.approvalId, .reject)
        _ = try await fake.test.turn()
        #expect(try fake.sandbox.commands.map(\.arguments) == [["deploy", "test"], ["deploy", "test"]])
        try await fake.test.finish()
    }

    @Test("Changed arguments are what is done, and the model is told; they cannot get around a denial")
    func allowEdited() async throws {
        let fake = try await FakeSession(
            try options(),
            [
                Say.calls(run("1", "deploy", "test")), Say.calls(run("2", "deploy", "test")),
                Say.calls(run("3", "deploy", "test")), Say.text("Done."),
            ])
        for arguments: JSON in [["command": ["deploy", "safely"]], ["command": ["deploy", "production"]], ["cmd": 1]] {
            let request = try await fake.test.approval()
            _ = await fake.test.approve(request.approvalId, .allowEdited, arguments: arguments)
        }
        _ = try await fake.test.turn()
        #expect(try fake.sandbox.commands.map(\.arguments) == [["deploy", "safely"]])
        let requests = fake.test.provider.requests
        #expect(
            requests[1].results["1"]?.text.hasPrefix(
                "The user changed the arguments to {\"command\":[\"deploy\",\"safely\"]}") == true)
        #expect(
            requests[2].results["2"]?.text.contains("denied by the built-in policy: run(deploy production)") == true)
        #expect(
            requests[3].results["3"]?.text.contains("The user's changed arguments: run: unknown argument `cmd`") == true
        )
        try await fake.test.finish()
    }

    @Test("A rejection reaches the model with the user's words, and nothing is done")
    func reject() async throws {
        let fake = try await FakeSession(
            try options(),
            [Say.calls(write("1", "careful/a", "two\n")), Say.text("Done.")])
        let request = try await fake.test.approval()
        #expect(request.diff?.contains("-one\n+two\n") == true)
        _ = await fake.test.approve(request.approvalId, .reject, feedback: "Not on a Friday.")
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .answered)
        let result = fake.test.provider.requests[1].results["1"]
        #expect(result?.text == "Not done: the user rejected it. They say: Not on a Friday.")
        #expect(result?.isError == true)
        #expect(try fake.sandbox["careful/a"] == "one\n")
        #expect(try fake.test.outcome(of: "write")?.status == .denied)
        try await fake.test.finish()
    }

    @Test("No answer in time is a denial")
    func timeOut() async throws {
        let fake = try await FakeSession(
            try options { $0.limits.approvalSeconds = 0 },
            [Say.calls(run("1", "deploy", "test")), Say.text("Done.")])
        let request = try await fake.test.approval()
        _ = try await fake.test.turn()
        #expect(fake.test.provider.requests[1].results["1"]?.text.contains("did not answer in time") == true)
        #expect(try fake.sandbox.commands.isEmpty)
        let late = await fake.test.approve(request.approvalId, .allowOnce)
        #expect(late?.accepted == false)
        #expect(late?.resolution.cause == .timedOut)
        try await fake.test.finish()
    }

    @Test("Of two answers the first wins, and the other is told who was first")
    func twoClients() async throws {
        let fake = try await FakeSession(
            try options(), [Say.calls(run("1", "deploy", "test")), Say.text("Done.")])
        let request = try await fake.test.approval()
        let answers = await withTaskGroup(of: AgentApprove.Result?.self) { group in
            for client in 0..<8 {
                group.addTask {
                    await fake.test.approve(
                        request.approvalId, client % 2 == 0 ? .allowOnce : .reject, client: "client \(client)")
                }
            }
            return await group.reduce(into: [AgentApprove.Result?]()) { $0.append($1) }
        }
        let accepted = answers.compactMap { $0 }.filter(\.accepted)
        #expect(answers.count == 8 && accepted.count == 1)
        #expect(answers.allSatisfy { $0?.resolution == accepted.first?.resolution })
        _ = try await fake.test.turn()
        let allowed = accepted.first?.resolution.decision == .allowOnce
        #expect(try fake.sandbox.commands.count == (allowed ? 1 : 0))
        #expect(await fake.test.approve("s-nothing", .allowOnce) == nil)
        let resolved = try fake.test.events().filter { if case .approvalResolved = $0 { true } else { false } }
        #expect(resolved.count == 1)
        try await fake.test.finish()
    }

    @Test("An answer that comes while the question is still being announced counts")
    func immediateAnswer() async throws {
        let fake = try await FakeSession(
            try options { options in
                options.onApproval = { session, request in
                    let result = await session?.approve(
                        AgentApprove.Params(sessionId: "s", approvalId: request.approvalId, decision: .allowOnce),
                        client: "quick")
                    #expect(result?.accepted == true)
                }
            }, [Say.calls(run("1", "deploy", "a"), run("2", "deploy", "b")), Say.text("Done.")])
        _ = try await fake.test.turn()
        #expect(try fake.sandbox.commands.count == 2)
        try await fake.test.finish()
    }

    @Test("Calls side by side wait together: the session is running again only after the last answer")
    func severalQuestions() async throws {
        let fake = try await FakeSession(
            try options(), [Say.calls(run("1", "deploy", "a"), run("2", "deploy", "b")), Say.text("Done.")])
        let first = try await fake.test.approval()
        let second = try await fake.test.approval()
        #expect(await fake.test.session.pendingApprovals.count == 2)
        _ = await fake.test.approve(second.approvalId, .allowOnce)
        try await fake.test.next { if case .toolCallCompleted = $0 { true } else { nil } }
        #expect(await fake.test.session.state == .waiting)
        _ = await fake.test.approve(first.approvalId, .allowOnce)
        _ = try await fake.test.turn()
        #expect(try fake.sandbox.commands.count == 2)
        try await fake.test.finish()
    }

    @Test("Cancelling withdraws the question; the conversation stays one that can go on")
    func withdrawn() async throws {
        let fake = try await FakeSession(
            try options(), [Say.calls(run("1", "deploy", "test")), Say.text("Understood.")])
        let request = try await fake.test.approval()
        await fake.test.session.cancel()
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .cancelled)
        let late = await fake.test.approve(request.approvalId, .allowOnce)
        #expect(late?.accepted == false)
        #expect(late?.resolution.cause == .withdrawn)
        #expect(try fake.sandbox.commands.isEmpty)
        _ = try await fake.test.state(.idle)
        #expect(fake.test.observed.resolved.withLock { $0.map(\.cause) } == [.withdrawn])
        _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "And now?"))
        #expect(try await fake.test.turn().outcome == .answered)
        #expect(fake.test.provider.requests[1].results["1"]?.isError == true)
        try await fake.test.finish()
    }

    @Test("A change that cannot be shown is not asked about: the model is told why")
    func noPreview() async throws {
        let fake = try await FakeSession(
            try options { $0.layers[0].ask.append(contentsOf: (try? [PolicyRule("write(outside/**)")]) ?? []) },
            [
                Say.calls(
                    call("1", "edit", ["path": "careful/a", "old_text": "absent", "new_text": "x"]),
                    write("2", "outside/x", "x")), Say.text("Done."),
            ])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .answered)
        let results = fake.test.provider.requests[1].results
        #expect(results["1"]?.text.contains("does not stand in careful/a") == true)
        #expect(results["2"]?.text.contains("outside the workspace") == true)
        #expect(fake.test.observed.asked.withLock { $0.isEmpty })
        try await fake.test.finish()
    }
}
