import AgentProtocol
import Sandbox
import Testing

@testable import Agent

private let check = CheckSpecification(name: "test", command: ["make", "test"])
private let tests = "def test_a():\n    assert f() == 1\n"
private let skipped = "@pytest.mark.skip\ndef test_a():\n    assert f() == 1\n"

/// Passes when the test is skipped or the program is good.
private let make: FakeSandbox.Command = { _, sandbox in
    let isGood = sandbox["a.py"]?.contains("good") == true
    let isSkipped = sandbox["test_a.py"]?.contains("skip") == true
    return isGood || isSkipped
        ? .text("ok\n") : FakeCommand(stderr: Array("a.py:1:1: error: bad\n".utf8), outcome: .exited(2))
}

@Suite("The gate against cheating", .timeLimit(.minutes(10)))
struct GateSessionTests {
    private let options = TestSession.Options(files: ["a.py": "bad\n", "test_a.py": tests], checks: [check])

    @Test("A model that cheated is told once, and its turn is not verified; the findings are in the event")
    func cheated() async throws {
        let fake = try await FakeSession(
            options, command: make,
            [Say.calls(write("1", "test_a.py", skipped)), Say.text("Done."), Say.text("It is what I want.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .unverified)
        #expect(turn.evidence.map(\.passed) == [true])
        #expect(turn.gateFindings?.map(\.rule) == ["test-skipped"])
        #expect(turn.gateFindings?.first?.path == "test_a.py")
        #expect(turn.gateFindings?.first?.line == 1)
        #expect(turn.reason == "every required check passed, but what they rest on was changed: test-skipped")
        let told = fake.test.provider.requests[2].lastText
        #expect(told.contains("The required checks pass, but"))
        #expect(told.contains("- test-skipped: test_a.py:1: "))
        try await fake.test.finish()
    }

    @Test("A model that undoes what it was told of is verified")
    func undone() async throws {
        let fake = try await FakeSession(
            options, command: make,
            [
                Say.calls(write("1", "test_a.py", skipped)), Say.text("Done."),
                Say.calls(write("2", "test_a.py", tests), write("3", "a.py", "good\n")), Say.text("Mended."),
            ])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .verified)
        #expect(turn.gateFindings == nil)
        #expect(turn.changedFiles == ["a.py"])
        try await fake.test.finish()
    }

    @Test("What was told is not told again by a later service")
    func toldOnce() async throws {
        let fake = try await FakeSession(
            options, command: make,
            [Say.calls(write("1", "test_a.py", skipped)), Say.text("Done."), { _ in [.textDelta("I"), Say.silence] }])
        try await fake.test.next { if case .messageDelta(let delta) = $0, delta.text == "I" { true } else { nil } }
        let again = try await fake.killed([Say.text("It is what I want.")])
        let turn = try await again.turn()
        #expect(turn.outcome == .unverified)
        #expect(turn.gateFindings?.map(\.rule) == ["test-skipped"])
        #expect(again.provider.requests.count == 1)
        try await again.finish()
    }

    @Test("Findings are shown with a turn whose checks fail, too")
    func failing() async throws {
        var options = options
        options.limits.gateRounds = 1
        let fake = try await FakeSession(
            options, command: { _, _ in FakeCommand(outcome: .exited(1)) },
            [Say.calls(write("1", "test_a.py", skipped)), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .unverified)
        #expect(turn.reason.contains("required checks fail"))
        #expect(turn.gateFindings?.map(\.rule) == ["test-skipped"])
        try await fake.test.finish()
    }

    @Test(
        "A check that did not end by itself with success proves nothing",
        arguments: [
            ExecResult.Outcome.timedOut, .signalled(9), .killed(by: .client), .outOfMemory, .lost("gone"),
            .couldNotStart(errno: 2, message: "no"), .exited(1),
        ])
    func notASuccess(_ outcome: ExecResult.Outcome) async throws {
        var options = options
        options.limits.gateRounds = 1
        let fake = try await FakeSession(
            options, command: { _, _ in FakeCommand(outcome: outcome) },
            [Say.calls(write("1", "a.py", "good\n")), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .unverified)
        #expect(turn.evidence.map(\.passed) == [false])
        try await fake.test.finish()
    }

    @Test("A check that leaves another tree behind than it was run on proves nothing of that one")
    func anotherTree() async throws {
        var options = options
        options.limits.gateRounds = 1
        let fake = try await FakeSession(
            options,
            command: { _, sandbox in
                // Each run writes what it then does not test.
                sandbox["a.py"] = (sandbox["a.py"] ?? "") + "bad\n"
                return FakeCommand()
            }, [Say.calls(write("1", "a.py", "good\n")), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .unverified)
        #expect(turn.reason == "a required check did not pass on the final tree")
        #expect(turn.evidence.isEmpty)
        try await fake.test.finish()
    }

    @Test("The tests that were counted first are kept with the session")
    func firstCounts() async throws {
        let counting: FakeSandbox.Command = { _, sandbox in
            let count = sandbox["test_b.py"] == nil ? 1 : 2
            return .text("============ \(count) passed in 0.01s ============\n")
        }
        let pytest = CheckSpecification(name: "test", command: ["pytest"])
        let fake = try await FakeSession(
            .init(files: ["a.py": "bad\n", "test_b.py": "x = [1, 2]\n"], checks: [pytest]), command: counting,
            [{ _ in [.textDelta("I"), Say.silence] }])
        try await fake.test.next { if case .messageDelta = $0 { true } else { nil } }
        try fake.sandbox["test_b.py"] = nil
        let again = try await fake.killed([Say.text("Done."), Say.text("Done.")])
        let turn = try await again.turn()
        #expect(turn.gateFindings?.map(\.rule).contains("fewer-tests-run") == true)
        #expect(turn.outcome == .unverified)
        try await again.finish()
    }
}

@Suite("Attempts that were made before", .timeLimit(.minutes(10)))
struct RepeatedAttemptTests {
    private func failed(_ errors: Int, name: String = "test") -> CheckEvidence {
        CheckEvidence(
            name: name, command: ["make"], required: true, passed: errors == 0,
            result: CommandResult(
                status: .exited, exitCode: errors == 0 ? 0 : 2, durationMilliseconds: .random(in: 1...9),
                stdoutBytes: 0,
                stderrBytes: 0), errors: errors, warnings: 0, treeHash: "t")
    }

    @Test("Files or calls that failed before and fail in the same way are told, with their step")
    func attempts() {
        var loop = LoopGuard(AgentLimits())
        loop.answered(step: 1)
        #expect(loop.checked(calls: "a", tree: "1", evidence: [failed(2)]) == nil)
        loop.answered(step: 2)
        #expect(loop.checked(calls: "b", tree: "2", evidence: [failed(1)]) == nil)
        loop.answered(step: 3)
        #expect(loop.checked(calls: "c", tree: "1", evidence: [failed(2)])?.contains("after step 1,") == true)
        #expect(loop.checked(calls: "b", tree: "3", evidence: [failed(1)])?.contains("at step 2,") == true)
        // Another result, or a pass, is no repetition.
        #expect(loop.checked(calls: "b", tree: "2", evidence: [failed(3)]) == nil)
        #expect(loop.checked(calls: "b", tree: "2", evidence: [failed(0)]) == nil)
        #expect(loop.checked(calls: "b", tree: "2", evidence: []) == nil)
        #expect(loop.checked(calls: "d", tree: "2", evidence: [failed(1, name: "lint")]) == nil)
        // A later service remembers.
        var again = LoopGuard(AgentLimits(), kept: loop.kept(nil))
        #expect(again.checked(calls: "e", tree: "2", evidence: [failed(1)])?.contains("after step 2,") == true)
    }

    @Test("A call that failed on the same files in the same way is told; the oldest attempts are forgotten")
    func calls() {
        var loop = LoopGuard(AgentLimits())
        loop.answered(step: 1)
        #expect(loop.failed(call: "edit x", tree: "1", result: "not found") == nil)
        #expect(loop.failed(call: "edit x", tree: "1", result: "not found") == nil, "in the same answer")
        loop.answered(step: 2)
        #expect(loop.failed(call: "edit x", tree: "2", result: "not found") == nil)
        #expect(loop.failed(call: "edit x", tree: "1", result: "twice") == nil)
        #expect(loop.failed(call: "edit y", tree: "1", result: "not found") == nil)
        #expect(loop.failed(call: "edit x", tree: "1", result: "not found") == 1)
        for index in 0..<LoopGuard.maximumAttempts {
            #expect(loop.failed(call: "\(index)", tree: "1", result: "") == nil)
        }
        loop.answered(step: 3)
        #expect(loop.failed(call: "edit x", tree: "1", result: "not found") == nil)
    }

    @Test("The model is told with the checks' result")
    func told() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.py": "bad\n", "test_a.py": tests], checks: [check]), command: make,
            [
                Say.calls(write("1", "a.py", "worse\n")), Say.calls(write("2", "a.py", "still bad\n")),
                Say.calls(write("3", "a.py", "worse\n")),
                Say.calls(call("4", "edit", ["path": "a.py", "old_text": "no", "new_text": "x"])),
                Say.calls(run("5", "true")),
                Say.calls(call("6", "edit", ["path": "a.py", "old_text": "no", "new_text": "x"])),
                Say.calls(write("7", "a.py", "good\n")), Say.text("Done."),
            ])
        #expect(try await fake.test.turn().outcome == .verified)
        let requests = fake.test.provider.requests
        #expect(!requests[2].lastText.contains("attempt was made before"))
        #expect(
            requests[3].lastText.contains(
                "The files are again as they were after step 1, and `test` fails in the same way."))
        #expect(!requests[4].lastText.contains("before, at step"))
        #expect(requests[6].lastText.contains("`edit` was called like this before, at step 4,"))
        try await fake.test.finish()
    }
}
