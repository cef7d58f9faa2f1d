import AgentProtocol
import JSON
import Models
import Policy
import Sandbox
import Store
import Testing
import Workspace

@testable import Agent

@Suite("Sessions whose service was killed", .timeLimit(.minutes(10)))
struct ResumeTests {
    /// Everything that an item printed, from the log, where each byte must be at its place exactly once.
    private func printed(_ test: TestSession, _ item: String) throws -> String {
        var bytes: [UInt8] = []
        for case .outputDelta(let delta) in try test.events() where delta.itemId == item && delta.stream == .stdout {
            #expect(delta.offset == bytes.count)
            bytes += delta.text.map { Array($0.utf8) } ?? delta.base64.flatMap(Base64.decode) ?? []
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func resumed(_ test: TestSession) async throws -> SessionResumed {
        try await test.next { if case .sessionResumed(let event) = $0 { event } else { nil } }
    }

    private func output(_ test: TestSession) async throws {
        try await test.next { if case .outputDelta = $0 { true } else { nil } }
    }

    @Test("A command that runs is read on; it is not run twice and no byte is lost or doubled")
    func command() async throws {
        let fake = try await FakeSession(
            command: { _, _ in FakeCommand(stdout: Array("one \u{1F600}".utf8.dropLast(2)), hangs: true) },
            [Say.calls(run("1", "serve"))])
        try await output(fake.test)
        let handle = try #require(try fake.sandbox.lastHandle)
        let next = try await fake.killed([Say.text("Done.")])
        #expect(
            try await resumed(next)
                == SessionResumed(
                    reason: "the service had ended without warning and was started again", voidItemIds: [],
                    continuedItemIds: ["tool-1"]))
        // The end of a character that was cut, and more.
        handle.print(Array("\u{1F600}\nmore\n".utf8.dropFirst(2)))
        await handle.end(.exited(3))
        #expect(try await next.turn().outcome == .answered)
        #expect(try fake.sandbox.commands.count { $0.arguments == ["serve"] } == 1)
        let text = try #require(next.provider.requests.first?.results["1"]?.text)
        #expect(text.hasPrefix("[exit code 3]"))
        #expect(text.contains("one \u{1F600}\nmore\n"))
        #expect(try printed(next, "tool-1") == "one \u{1F600}\nmore\n")
        try await next.finish()
    }

    @Test("What ended while no service was there is told as it ended")
    func endedMeanwhile() async throws {
        let fake = try await FakeSession(
            command: { _, _ in FakeCommand(stdout: Array("a\n".utf8), hangs: true) }, [Say.calls(run("1", "job"))])
        try await output(fake.test)
        let handle = try #require(try fake.sandbox.lastHandle)
        var driver = FakeDriver { _ in throw SandboxError.stopped }
        let sandbox = try fake.sandbox
        driver.left = { _ in
            handle.print("b\n")
            await handle.end(.timedOut)
            return sandbox
        }
        let next = try await fake.test.killed(driver: driver, [Say.text("I see.")])
        _ = try await next.turn()
        #expect(try printed(next, "tool-1") == "a\nb\n")
        #expect(try next.outcome(of: "run")?.command?.status == .timedOut)
        try await next.finish()
    }

    @Test("A model request that was cut is made again, and what it had begun to say is void")
    func modelRequest() async throws {
        let said = Gate()
        let fake = try await FakeSession(
            .init(files: ["a": "x"]),
            [
                Say.calls(write("1", "a", "y")),
                { _ in
                    await said.open()
                    try await Task.sleep(for: .seconds(3600))
                    return []
                },
            ])
        await said.wait()
        let asked = fake.test.provider.requests[1].messages
        let next = try await fake.killed([Say.text("Done.")])
        #expect(try await next.turn().changedFiles == ["a"])
        #expect(next.provider.requests.first?.messages == asked)
        #expect(next.provider.requests.first?.system == fake.test.provider.requests[1].system)
        let usage = try next.events().compactMap { event -> TokenUsage? in
            if case .usageUpdated(let usage) = event { usage.session } else { nil }
        }
        #expect(usage.last?.inputTokens == 20)
        try await next.finish()
    }

    @Test("Begun texts of a cut answer are void and their numbers are not used again")
    func partialMessage() async throws {
        let fake = try await FakeSession([{ _ in [.textDelta("Half an ans"), Say.silence] }])
        try await fake.test.next { if case .messageDelta = $0 { true } else { nil } }
        let next = try await fake.killed([Say.text("Whole.")])
        #expect(try await resumed(next).voidItemIds == ["message-1"])
        _ = try await next.turn()
        let completed = try next.events().compactMap { event -> MessageCompleted? in
            if case .messageCompleted(let message) = event { message } else { nil }
        }
        #expect(completed == [MessageCompleted(itemId: "message-2", text: "Whole.")])
        try await next.finish()
    }

    @Test("A question is asked again under its name; its answer counts")
    func approval() async throws {
        var options = TestSession.Options(files: [".envrc": "x"])
        options.limits.approvalSeconds = 300
        let fake = try await FakeSession(options, [Say.calls(write("1", ".envrc", "y"), write("2", "b", "b"))])
        let request = try await fake.test.approval()
        let next = try await fake.killed([Say.text("Done.")])
        _ = try await resumed(next)
        while next.observed.asked.withLock({ $0.isEmpty }) { await Task.yield() }
        #expect(await next.session.pendingApprovals == [request])
        #expect(try fake.sandbox[".envrc"] == "x")
        _ = await next.approve(request.approvalId, .allowOnce)
        #expect(try await next.turn().changedFiles == [".envrc", "b"])
        let asked = try next.events().count { if case .approvalRequested = $0 { true } else { false } }
        #expect(asked == 1)
        try await next.finish()
    }

    @Test("An edit is made once, wherever the service is killed", arguments: [false, true])
    func edit(after: Bool) async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x"]),
            [Say.calls(call("1", "edit", ["path": "a", "old_text": "x", "new_text": "xx", "replace_all": true]))])
        let next = Late<TestSession>()
        let stopped = Gate()
        try await fake.test.next { if case .turnStarted = $0 { true } else { nil } }
        try fake.sandbox.onWrite.set { written in
            guard written == after, next.get() == nil else { return }
            next.set(try? await fake.killed([Say.text("Done.")]))
            await stopped.open()
            // The old service does nothing any more.
            try? await Task.sleep(for: .seconds(3600))
        }
        await stopped.wait()
        let test = try #require(next.get())
        let turn = try await test.turn()
        #expect(turn.changedFiles == ["a"])
        #expect(try fake.sandbox["a"] == "xx")
        #expect(try test.outcome(of: "edit")?.status == .completed)
        let told = try test.events().count { if case .fileChanged = $0 { true } else { false } }
        #expect(told == 1)
        try await test.finish()
        next.set(nil)
        await fake.test.session.cancel()
    }

    @Test("An idle session stays idle and takes prompts; waiting prompts and grants are kept")
    func idle() async throws {
        let fake = try await FakeSession([Say.text("Hello.")])
        _ = try await fake.test.state(.idle)
        let next = try await fake.killed([Say.text("Again.")])
        _ = try await resumed(next)
        #expect(await next.session.state == .idle)
        _ = try await next.session.prompt(AgentPrompt.Params(sessionId: "s", text: "again"))
        #expect(try await next.turn().outcome == .answered)
        let texts = next.provider.requests[0].messages.map(\.role)
        #expect(texts == [.user, .assistant, .user])
        let ids = try next.events().compactMap { event -> String? in
            if case .turnStarted(let turn) = event { turn.turnId } else { nil }
        }
        #expect(ids == ["turn-1", "turn-2"])
        try await next.finish()
    }

    @Test("Prompts that waited are worked on, in order; what was cancelled is not")
    func prompts() async throws {
        let fake = try await FakeSession(
            command: { _, _ in FakeCommand(stdout: Array("a\n".utf8), hangs: true) }, [Say.calls(run("1", "job"))])
        try await output(fake.test)
        for text in ["second", "third"] {
            _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: text))
        }
        let handle = try #require(try fake.sandbox.lastHandle)
        let next = try await fake.killed([Say.text("1"), Say.text("2"), Say.text("3")])
        _ = try await resumed(next)
        await handle.end(.exited(0))
        for _ in 1...3 { _ = try await next.turn() }
        #expect(next.provider.requests.map(\.lastText).suffix(2) == ["second", "third"])
        try await next.finish()
    }

    @Test("A sandbox that is gone fails the session as lost; its command is lost and its work kept")
    func lost() async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x"]),
            command: { _, _ in FakeCommand(stdout: Array("a\n".utf8), hangs: true) },
            [Say.calls(write("1", "a", "y"), run("2", "job"))])
        try await output(fake.test)
        let sandbox = try fake.sandbox
        var driver = FakeDriver { _ in throw SandboxError.stopped }
        driver.changes = { try await sandbox.changes() }
        let next = try await fake.test.killed(driver: driver, [])
        let turn = try await next.turn()
        #expect(turn.outcome == .failed)
        #expect(turn.reason == "the sandbox was lost: nothing of it runs")
        #expect(turn.changedFiles == ["a"])
        #expect(try await next.state(.failed).reason == "the sandbox was lost: nothing of it runs")
        let command = try #require(try next.outcome(of: "run"))
        #expect(command.status == .failed)
        #expect(command.command?.status == .lost)
        let result = try await ResultFile(stateDirectory: "\(next.folder.path)/state").load()
        #expect(result?.files.map(\.path) == ["a"])
        #expect(next.provider.requests.isEmpty)
        try await next.finish()
    }

    @Test("A session without a sandbox yet is begun anew")
    func boot() async throws {
        let started = Gate()
        let driver = FakeDriver { _ in
            await started.open()
            try await Task.sleep(for: .seconds(3600))
            throw SandboxError.stopped
        }
        let test = try TestSession(.init(files: ["a": "x"]), driver: driver, [])
        try await test.session.start()
        await started.wait()
        let second = FakeDriver { FakeSandbox(id: $0.id, base: ["a": [120]]) { _, _ in FakeCommand() } }
        let next = try await test.killed(driver: second, [Say.text("Hello.")])
        #expect(try await next.turn().outcome == .answered)
        try await next.finish()
        await test.session.cancel()
    }

    @Test("A check goes on where it was: as the baseline and at the gate")
    func checks() async throws {
        let checks = [CheckSpecification(name: "test", command: ["check"])]
        let fake = try await FakeSession(
            .init(files: ["a": "x"], checks: checks),
            command: { _, _ in FakeCommand(stdout: Array("begun\n".utf8), hangs: true) }, [])
        try await output(fake.test)
        let baseline = try #require(try fake.sandbox.lastHandle)
        let second = try await fake.killed([Say.calls(write("1", "a", "y"))])
        _ = try await resumed(second)
        await baseline.end(.exited(1))
        let started = try await second.next { event -> CheckStarted? in
            if case .checkStarted(let check) = event, check.itemId == "check-2" { check } else { nil }
        }
        #expect(started.name == "test")
        try await output(second)
        let after = try #require(try fake.sandbox.lastHandle)
        var driver = FakeDriver { _ in throw SandboxError.stopped }
        let sandbox = try fake.sandbox
        driver.left = { _ in sandbox }
        let third = try await second.killed(driver: driver, [Say.text("Done.")])
        _ = try await resumed(third)  // of the second service
        #expect(try await resumed(third).continuedItemIds == ["check-2"])
        await after.end(.exited(0))
        let turn = try await third.turn()
        #expect(turn.outcome == .verified)
        #expect(turn.evidence.map(\.name) == ["test"])
        #expect(try fake.sandbox.commands.count { $0.arguments == ["check"] } == 2)
        try await third.finish()
    }

    @Test("A turn that was being cancelled ends: what was done is told as done, what ran is ended")
    func cancelled() async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x"]),
            command: { _, _ in FakeCommand(stdout: Array("a\n".utf8), hangs: true) },
            [Say.calls(write("1", "a", "y"), run("2", "job"))])
        try await output(fake.test)
        let next = try await fake.killed([Say.text("Went on.")]) { store in
            let bytes = try #require(try store.kept(of: "s")[KeptKey.turn])
            var turn = try JSONCoder.decode(KeptTurn.self, from: JSON(parsing: bytes))
            turn.cancelled = true
            try store.append([], keeping: [.value(KeptKey.turn, turn)], to: "s")
        }
        #expect(try await next.turn().outcome == .cancelled)
        #expect(try await fake.sandbox.lastHandle?.result().outcome == .killed(by: .client))
        _ = try await next.session.prompt(AgentPrompt.Params(sessionId: "s", text: "Go on."))
        #expect(try await next.turn().outcome != .failed)
        let results = try #require(next.provider.requests.first?.results)
        #expect(results["1"]?.isError == false)
        #expect(results["2"]?.text == "Cancelled.")
        try await next.finish()
    }

    @Test("A session's time runs over services; its end keeps the result and says why")
    func wallTime() async throws {
        var options = TestSession.Options(files: ["a": "x"])
        options.resources.wallSeconds = 3600
        let fake = try await FakeSession(
            options, command: { _, _ in FakeCommand(stdout: Array("a\n".utf8), hangs: true) },
            [Say.calls(write("1", "a", "y"), run("2", "job"))])
        try await output(fake.test)
        let next = try await fake.killed([]) { store in
            var start = try #require(KeptStart(kept: try store.kept(of: "s")))
            start.startedAt -= 3_600_000
            try store.append([], keeping: [.value(KeptKey.start, start)], to: "s")
        }
        let turn = try await next.turn()
        #expect(turn.outcome == .limit)
        #expect(turn.changedFiles == ["a"])
        #expect(try await next.state(.stopped).reason == "the session's time limit of 3600 s is reached")
        let result = try await ResultFile(stateDirectory: "\(next.folder.path)/state").load()
        #expect(result?.files.map(\.path) == ["a"])
        try await next.finish()
    }
}
