import AgentProtocol
import JSON
import Models
import Policy
import Sandbox
import Testing

@testable import Agent

@Suite("Commands in the background", .timeLimit(.minutes(10)))
struct BackgroundTests {
    private func serve(_ id: String, _ more: (String, JSON)...) -> ToolCall {
        var arguments: JSON = ["command": ["serve"], "background": true]
        for (key, value) in more { arguments[key] = value }
        return call(id, "run", arguments)
    }

    private func output(_ id: String, _ command: String, wait: Int = 30) -> ToolCall {
        call(id, "command_output", ["command_id": .string(command), "wait_seconds": .number(JSONNumber(wait))])
    }

    private let hanging: FakeSandbox.Command = { _, _ in FakeCommand(stdout: Array("up\n".utf8), hangs: true) }

    @Test("It runs on, is read piece by piece, is given input, and is ended")
    func life() async throws {
        let made = Late<FakeSession>()
        let fake = try await FakeSession(
            command: hanging,
            [
                Say.calls(serve("1")), Say.calls(output("2", "command-1")),
                { request in
                    try made.get()?.sandbox.lastHandle?.print("got it\n")
                    return try await Say.calls(
                        call("3", "command_input", ["command_id": "command-1", "text": "hello\n", "close": true]),
                        output("4", "command-1"))(request)
                },
                Say.calls(call("5", "command_stop", ["command_id": "command-1"]), output("6", "command-1", wait: 0)),
                Say.text("Done."),
            ])
        made.set(fake)
        #expect(try await fake.test.turn().outcome == .answered)
        let requests = fake.test.provider.requests
        #expect(requests[1].results["1"]?.text.hasPrefix("Started as command-1;") == true)
        #expect(requests[1].results["1"]?.isError == false)
        #expect(requests[2].results["2"]?.text == "[running]\n--- stdout\nup\n")
        #expect(requests[3].results["3"]?.text == "Given; its input is closed.")
        #expect(requests[3].results["4"]?.text == "[running]\n--- stdout\ngot it\n")
        #expect(requests[4].results["5"]?.text.hasPrefix("[killed after") == true)
        #expect(requests[4].results["6"]?.text.hasPrefix("[killed after") == true)
        #expect(requests[4].results["6"]?.text.hasSuffix("(no new output)") == true)
        #expect(try fake.sandbox.lastHandle?.input == "hello\n")
        #expect(try fake.sandbox.commands.first { $0.arguments == ["serve"] }?.interactiveInput == true)
        made.set(nil)
        try await fake.test.finish()
    }

    @Test("It outlives its turn, ends with the session, and its end is told")
    func outlives() async throws {
        let fake = try await FakeSession(command: hanging, [Say.calls(serve("1", ("tty", true))), Say.text("Up.")])
        _ = try await fake.test.state(.idle)
        let request = try #require(try fake.sandbox.commands.first { $0.arguments == ["serve"] })
        #expect(request.terminal == TerminalSize(columns: 80, rows: 24))
        #expect(request.timeout == nil)
        await fake.test.session.stop(reason: "enough")
        let ended = try fake.test.events().compactMap { event -> CommandEnded? in
            if case .commandEnded(let ended) = event { ended } else { nil }
        }
        #expect(ended.map(\.commandId) == ["command-1"])
        #expect(ended.map(\.command.status) == [.killed])
        try await fake.test.finish()
    }

    @Test("Cancelling ends what the turn started, and nothing of turns before")
    func cancel() async throws {
        let waits = Gate()
        let fake = try await FakeSession(
            command: hanging,
            [
                Say.calls(serve("1")), Say.text("Up."), Say.calls(serve("2")),
                { _ in
                    await waits.open()
                    try await Task.sleep(for: .seconds(3600))
                    return []
                },
            ])
        _ = try await fake.test.state(.idle)
        _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "another"))
        await waits.wait()
        await fake.test.session.cancel()
        let ended = try await fake.test.next { if case .commandEnded(let ended) = $0 { ended } else { nil } }
        #expect(ended.commandId == "command-2")
        #expect(try await fake.test.turn().outcome == .cancelled)
        let count = try fake.test.events().count { if case .commandEnded = $0 { true } else { false } }
        #expect(count == 1)
        try await fake.test.finish()
    }

    @Test("There are only so many; what cannot be done is said")
    func refusals() async throws {
        var options = TestSession.Options()
        options.limits.backgroundCommands = 1
        let fake = try await FakeSession(
            options, command: hanging,
            [
                Say.calls(serve("1"), serve("2")),
                Say.calls(
                    output("3", "command-9"), output("4", "nine"), call("5", "run", ["command": ["x"], "tty": true]),
                    call("6", "command_input", ["command_id": "command-1"])),
                Say.text("Done."),
            ])
        _ = try await fake.test.turn()
        let first = fake.test.provider.requests[1].results.values.map(\.text)
        let started = first.count { $0.hasPrefix("Started as command-1;") }
        let refused = first.count { $0.contains("which is the limit") }
        #expect((started, refused) == (1, 1))
        let second = fake.test.provider.requests[2].results
        #expect(second["3"]?.text == "There is no command-9; there are: command-1.")
        #expect(second["4"]?.text.contains("is no id of a background command") == true)
        #expect(second["5"]?.text.contains("set `background` too") == true)
        #expect(second["6"]?.text.contains("give `text`, or `close`") == true)
        let errors = second.values.count { $0.isError }
        #expect(errors == second.count)
        try await fake.test.finish()
    }

    @Test("Policy decides on what a command is given; plan mode has none of it")
    func policy() async throws {
        var layer = PolicyLayer(name: "organisation")
        layer.deny = [try PolicyRule("command_input(*secret*)")]
        let fake = try await FakeSession(
            .init(layers: [.builtIn(), layer]), command: hanging,
            [
                Say.calls(serve("1")),
                Say.calls(call("2", "command_input", ["command_id": "command-1", "text": "a secret\n"])),
                Say.text("Done."),
            ])
        _ = try await fake.test.turn()
        #expect(fake.test.provider.requests[2].results["2"]?.text.contains("denied by the organisation policy") == true)
        #expect(try fake.sandbox.lastHandle?.input == "")
        try await fake.test.finish()
        let plan = try await FakeSession(.init(mode: .plan), [Say.text("A plan.")])
        _ = try await plan.test.turn()
        let offered = plan.test.provider.requests[0].tools.filter { $0.name.hasPrefix("command_") }
        #expect(offered.isEmpty)
        try await plan.test.finish()
    }

    @Test("How a command ended is told apart in what the model reads")
    func endings() {
        func text(_ outcome: ExecResult.Outcome) -> String { CommandResult(ExecResult(outcome: outcome)).summary }
        let all: [ExecResult.Outcome] = [
            .exited(3), .signalled(11), .timedOut, .killed(by: .client), .killed(by: .limit("disk")), .outOfMemory,
            .couldNotStart(errno: 2, message: "no such program"), .lost("it is gone"),
        ]
        let texts = all.map(text)
        #expect(Set(texts).count == all.count)
        for (text, part) in zip(
            texts,
            [
                "exit code 3", "killed by signal 11", "timed out", "killed after", "disk", "out of memory",
                "could not start: no such program", "lost: it is gone",
            ])
        {
            #expect(text.contains(part))
        }
    }
}
