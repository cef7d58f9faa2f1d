import AgentProtocol
import JSON
import Models
import Sandbox
import TestSupport
import Testing

@testable import Agent

private let check = CheckSpecification(name: "build", command: ["make"])

/// `make` passes when `a.c` holds `good`.
private let make: FakeSandbox.Command = { _, sandbox in
    sandbox["a.c"]?.contains("good") == true
        ? .text("ok\n")
        : FakeCommand(
            stderr: Array("a.c:1:1: error: bad\n".utf8), outcome: .exited(2))
}

@Suite("How a turn ends", .timeLimit(.minutes(10)))
struct OutcomeTests {
    @Test("A change that passes the checks is verified, on the tree that is handed over")
    func verified() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "bad\n"], checks: [check]), command: make,
            [Say.calls(write("1", "a.c", "good\n")), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .verified)
        #expect(turn.changedFiles == ["a.c"])
        #expect(turn.steps == 2)
        #expect(turn.evidence.map(\.name) == ["build"])
        #expect(turn.evidence.allSatisfy { $0.passed && $0.treeHash == turn.treeHash })
        let diff = try await fake.test.session.diff(AgentDiff.Params(sessionId: "s"))
        #expect(diff.treeHash == turn.treeHash)
        #expect(diff.files.map(\.path) == ["a.c"])
        #expect(diff.patch.contains("-bad\n+good\n"))
        // The model was told the baseline, then the check after its edit; the gate did not run it a third time.
        let requests = fake.test.provider.requests
        #expect(requests[0].lastText.contains("State of the checks before any change"))
        #expect(requests[0].lastText.contains("exit code 2"))
        #expect(requests[1].lastText.contains("After this change"))
        #expect(try fake.sandbox.commands.filter { $0.arguments == ["make"] }.count == 2)
        let updates = try fake.test.events().compactMap { event -> DiagnosticsUpdated? in
            if case .diagnosticsUpdated(let update) = event { update } else { nil }
        }
        #expect(updates.map(\.total) == [1, 0])
        #expect(updates.map(\.fixed) == [0, 1])
        _ = try await fake.test.state(.idle)
        try await fake.test.finish()
    }

    @Test("Work that fails a required check goes back to the model, so many times, and ends unverified")
    func unverified() async throws {
        var options = TestSession.Options(files: ["a.c": "bad\n"], checks: [check])
        options.limits.gateRounds = 3
        let fake = try await FakeSession(
            options, command: make,
            [Say.calls(write("1", "a.c", "worse\n")), Say.text("Done."), Say.text("Really."), Say.text("I insist.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .unverified)
        #expect(turn.reason == "required checks fail: `build` (exit code 2)")
        #expect(turn.evidence.map(\.passed) == [false])
        #expect(turn.steps == 4)
        #expect(fake.test.provider.requests[3].lastText.contains("The work is not done: required checks fail: `build`"))
        let updates = try fake.test.events().compactMap { event -> DiagnosticsUpdated? in
            if case .diagnosticsUpdated(let update) = event { update } else { nil }
        }
        let whole = LineHunk(oldStart: 1, oldCount: 1, newStart: 1, newCount: 1)
        #expect(updates.first?.changes == nil)
        #expect(updates.first?.diagnostics.map(\.sourceLine) == ["bad"])
        #expect(
            updates.last?.changes == [LineChanges(path: "a.c", hunks: [whole])], "lines are those of the checked tree")
        #expect(updates.last?.diagnostics.map(\.sourceLine) == ["worse"])
        try await fake.test.finish()
    }

    @Test("A model that mends its work after the gate refused it is verified")
    func secondTry() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "bad\n"], checks: [check]), command: make,
            [
                Say.calls(write("1", "a.c", "worse\n")), Say.text("Done."), Say.calls(write("2", "a.c", "good\n")),
                Say.text("Now."),
            ])
        #expect(try await fake.test.turn().outcome == .verified)
        try await fake.test.finish()
    }

    @Test("Without a check, or with optional ones only, a change is unverified at once and says why")
    func noCheck() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "x"]), [Say.calls(write("1", "a.c", "y")), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .unverified)
        #expect(turn.reason.contains("no check"))
        try await fake.test.finish()
        let optional = try await FakeSession(
            .init(
                files: ["a.c": "bad\n"], checks: [CheckSpecification(name: "lint", command: ["lint"], required: false)]),
            command: make, [Say.calls(write("1", "a.c", "good\n")), Say.text("Done.")])
        let second = try await optional.test.turn()
        #expect(second.outcome == .unverified)
        #expect(second.reason.contains("no check is required"))
        #expect(second.evidence.map(\.passed) == [true])
        #expect(second.steps == 2)
        try await optional.test.finish()
    }

    @Test("An answer without a change is an answer, whatever the checks say")
    func answered() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "bad\n"], checks: [check]), command: make, [Say.text("It is bad.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .answered)
        #expect(turn.changedFiles.isEmpty)
        #expect(turn.treeHash == (try await fake.test.session.diff(AgentDiff.Params(sessionId: "s"))).baseTreeHash)
        try await fake.test.finish()
    }

    @Test("A check that rewrites files proves nothing about them until it runs again")
    func rewriting() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "x\n"], checks: [check]),
            command: { _, sandbox in
                if sandbox["a.c"] == "unformatted\n" { sandbox["a.c"] = "formatted\n" }
                return FakeCommand()
            }, [Say.calls(write("1", "a.c", "unformatted\n")), Say.text("Done."), Say.text("Still done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .verified)
        #expect(turn.evidence.allSatisfy { $0.treeHash == turn.treeHash })
        let diff = try await fake.test.session.diff(AgentDiff.Params(sessionId: "s"))
        #expect(diff.treeHash == turn.treeHash)
        #expect(diff.patch.contains("+formatted"))
        try await fake.test.finish()
    }

    @Test("Two checks of one name cannot pass for one another: the session is refused, as is a senseless time")
    func ambiguousChecks() async throws {
        for checks in [
            [check, CheckSpecification(name: "build", command: ["true"])],
            [CheckSpecification(name: "build", command: ["make"], timeoutSeconds: 0)],
            [CheckSpecification(name: "build", command: ["make"], timeoutSeconds: .max)],
            [CheckSpecification(name: "build", command: [])], [CheckSpecification(name: "", command: ["make"])],
            (0..<100).map { CheckSpecification(name: "\($0)", command: ["make"]) },
        ] {
            let fake = try await FakeSession(.init(files: ["a.c": "x"], checks: checks), [])
            #expect(try await fake.test.state(.failed).reason?.isEmpty == false)
            try await fake.test.finish()
        }
    }

    @Test("A broken configuration of the repository ends the session with its line; a broken policy denies everything")
    func brokenConfiguration() async throws {
        let broken = try await FakeSession(.init(files: [".cofferdam.yaml": "checks:\n  - nmae: x\n"]), [])
        let failed = try await broken.test.state(.failed)
        #expect(failed.reason?.contains(".cofferdam.yaml:2") == true)
        #expect(broken.test.observed.states.withLock { $0.last } == .failed)
        try await broken.test.finish()
        let policy = try await FakeSession(
            .init(files: [".cofferdam.yaml": "policy:\n  tools: [\"read(\"]\n", "a": "x"]),
            [Say.calls(call("1", "read", ["path": "a"])), Say.text("Done.")])
        _ = try await policy.test.turn()
        #expect(policy.test.provider.requests[1].results["1"]?.text.contains("could not be loaded") == true)
        #expect(try policy.test.outcome(of: "read")?.status == .denied)
        try await policy.test.finish()
    }

    @Test("A repository's policy narrows what is allowed, and cannot widen it")
    func repositoryPolicy() async throws {
        let yaml = "policy:\n  tools: [read, edit, write, browse]\n  deny: [\"read(secret)\"]\n"
        let fake = try await FakeSession(
            .init(files: [".cofferdam.yaml": yaml, "secret": "x", "a": "x"]),
            [
                Say.calls(
                    call("1", "read", ["path": "secret"]), call("2", "read", ["path": "a"]), run("3", "make"),
                    write("4", ".git/config", "x")), Say.text("Done."),
            ])
        _ = try await fake.test.turn()
        let results = fake.test.provider.requests[1].results
        #expect(results["1"]?.text == "Not done, denied by the repository policy: read(secret).")
        #expect(results["2"]?.isError == false)
        #expect(results["3"]?.text == "Not done, denied: the repository policy does not allow it.")
        #expect(results["4"]?.text.contains("denied by the built-in policy") == true)
        #expect(try fake.sandbox.commands.isEmpty)
        try await fake.test.finish()
    }

    @Test("Plan mode offers no tool that changes or runs, runs no check, and cannot be talked out of it")
    func planMode() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "bad\n"], checks: [check], mode: .plan), command: make,
            [Say.calls(write("1", "a.c", "good\n"), run("2", "make")), Say.text("Plan.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .answered)
        #expect(fake.test.provider.requests[0].tools.map(\.name) == ["read", "glob", "grep"])
        #expect(fake.test.provider.requests[1].results["1"]?.text.contains("no tool `write`") == true)
        #expect(try fake.sandbox["a.c"] == "bad\n")
        #expect(try fake.sandbox.commands.isEmpty)
        try await fake.test.finish()
    }

    @Test("A result is whole or by paths, never more than the service can hold; the last one outlives the sandbox")
    func results() async throws {
        var options = TestSession.Options(files: ["a": "0"])
        options.limits.resultBytes = 5000
        let large = String(repeating: "x", count: 2000)
        let fake = try await FakeSession(
            options,
            [
                Say.calls(write("1", "a", "1"), write("2", "b", "2")), Say.text("Done."),
                Say.calls(write("3", "c", large)), Say.text("Done."),
            ])
        let turn = try await fake.test.turn()
        let file = ResultFile(stateDirectory: "\(fake.test.folder.path)/state")
        let kept = try #require(try await file.load())
        #expect(kept.treeHash == turn.treeHash)
        #expect(kept.files.map(\.newContents) == [Base64.encode(Array("1".utf8)), Base64.encode(Array("2".utf8))])
        for paths in [nil, ["b"], [], ["none"]] as [[String]?] {
            for contents in [nil, true] {
                let params = AgentDiff.Params(sessionId: "s", paths: paths, includeContents: contents)
                #expect(kept.selecting(params) == (try await fake.test.session.diff(params)))
            }
        }
        _ = try await fake.test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "more"))
        _ = try await fake.test.turn()
        #expect(try await fake.test.session.diff(AgentDiff.Params(sessionId: "s")).files.count == 3)
        await #expect(throws: AgentError.self) {
            try await fake.test.session.diff(AgentDiff.Params(sessionId: "s", includeContents: true))
        }
        #expect(try await file.load() == nil)  // a result that could not be kept is not replaced by an older one
        let some = AgentDiff.Params(sessionId: "s", paths: ["a", "b"], includeContents: true)
        #expect(try await fake.test.session.diff(some).files.count == 2)
        try await fake.test.finish()
    }

    @Test("Unsaved buffers are what the session works on")
    func overlays() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "bad\n"], checks: [check], documents: [DocumentOverlay(path: "a.c", text: "good\n")]),
            command: make, [Say.calls(write("1", "a.c", "very good\n")), Say.text("Done.")])
        #expect(try await fake.test.turn().outcome == .verified)
        let diff = try await fake.test.session.diff(AgentDiff.Params(sessionId: "s", includeContents: true))
        #expect(diff.patch.contains("-good\n+very good\n"))
        #expect(diff.files.first?.oldContents == Base64.encode(Array("good\n".utf8)))
        #expect(diff.files.first?.newContents == Base64.encode(Array("very good\n".utf8)))
        try await fake.test.finish()
    }
}
