import AgentProtocol
import JSON
import Models
import ProjectConfiguration
import Sandbox
import TestSupport
import Testing

@testable import Agent

@Suite("Checks of a session", .timeLimit(.minutes(10)))
struct CheckTests {
    private func diagnostics(_ test: TestSession, _ check: String) throws -> [DiagnosticsUpdated] {
        try test.events().compactMap { event in
            if case .diagnosticsUpdated(let update) = event, update.check == check { update } else { nil }
        }
    }

    private func completed(_ test: TestSession) throws -> [CheckEvidence] {
        try test.events().compactMap { event in
            if case .checkCompleted(let completed) = event { completed.evidence } else { nil }
        }
    }

    @Test("The output of a tool that nobody knows is read as the configuration says, by either notation")
    func described() async throws {
        let matcher: JSON = [
            "owner": "house-lint",
            "pattern": [
                ["regexp": #"^(\S+) line (\d+) says (.*)$"#, "file": 1, "line": 2, "message": 3] as JSON
            ],
        ]
        let fake = try await FakeSession(
            .init(
                files: ["a.c": "one\ntwo\n"],
                checks: [
                    CheckSpecification(
                        name: "vim", command: ["a"], required: false, errorformat: ["%f|%l|%m", "%-G%.%#"]),
                    CheckSpecification(name: "matcher", command: ["b"], problemMatcher: matcher),
                ]),
            command: { request, _ in
                request.arguments == ["a"] ? .text("a.c|2|too short\nnoise\n", 1) : .text("a.c line 1 says no\n", 1)
            }, [Say.text("I see.")])
        _ = try await fake.test.turn()
        let vim = try #require(try diagnostics(fake.test, "vim").first?.diagnostics)
        #expect(vim.map(\.message) == ["too short"])
        #expect(vim.first?.range?.startLine == 2)
        let other = try #require(try diagnostics(fake.test, "matcher").first?.diagnostics)
        #expect(other.map(\.message) == ["no"])
        #expect(other.first?.tool == "house-lint")
        #expect(try completed(fake.test).allSatisfy { $0.origin == .client })
        try await fake.test.finish()
    }

    @Test(
        "A description that cannot be used ends the session with its reason",
        arguments: [
            (CheckSpecification(name: "c", command: ["x"], parser: "gccc"), "there is no parser `gccc`"),
            (CheckSpecification(name: "c", command: ["x"], errorformat: ["%f:%("]), "check `c`: errorformat"),
            (
                CheckSpecification(name: "c", command: ["x"], problemMatcher: ["pattern": []]),
                "check `c`: problem-matcher"
            ),
            (CheckSpecification(name: "c", command: ["x"], parser: "gcc", errorformat: ["%m"]), "only one of"),
            (CheckSpecification(name: "c", command: ["x"], paths: ["../a"]), "must not lead outside"),
            (CheckSpecification(name: "c", command: ["x"], reports: []), "reports must have from 1"),
        ])
    func refused(check: CheckSpecification, reason: String) async throws {
        let fake = try await FakeSession(.init(files: ["a": "1\n"], checks: [check]), [Say.text("never")])
        let status = try await fake.test.state(.failed)
        #expect(status.reason?.contains(reason) == true, "\(status.reason ?? "")")
        try await fake.test.finish()
    }

    @Test("Reports are read from the check's own folder and from the workspace, when this run wrote them")
    func reports() async throws {
        let junit = """
            <?xml version="1.0"?><testsuite name="s"><testcase classname="T" name="sums">\
            <failure message="expected 3">a.c:2</failure></testcase><testcase classname="T" name="adds"/></testsuite>
            """
        let check = CheckSpecification(
            name: "tests", command: ["run", "--to=$COFFERDAM_REPORTS/x.xml", "${COFFERDAM_REPORTS}"],
            reports: ["out/*.sarif"])
        let fake = try await FakeSession(
            .init(files: ["a.c": "one\ntwo\n"], checks: [check]),
            command: { request, sandbox in
                guard let folder = request.environment["COFFERDAM_REPORTS"] else { return .text("", 9) }
                #expect(request.arguments == ["run", "--to=\(folder)/x.xml", folder])
                #expect(sandbox.scratch[folder] == [])
                sandbox.leave("x.xml", junit, inScratch: folder)
                // The report of the workspace is written by the first run only.
                if sandbox["out/r.sarif"] == nil {
                    sandbox["out/r.sarif"] = """
                        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "deep"}}, "results": [
                          {"ruleId": "R1", "message": {"text": "leaks"}, "locations": [{"physicalLocation":
                          {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": 1}}}]}]}]}
                        """
                }
                return .text("1 of 2 failed\n", 1)
            }, [Say.calls(write("1", "b.c", "x\n")), Say.text("Done.")])
        _ = try await fake.test.next { if case .toolCallCompleted = $0 { true } else { nil } }
        let seen = try await fake.test.next { event -> DiagnosticsUpdated? in
            if case .diagnosticsUpdated(let update) = event { update } else { nil }
        }
        let first = try #require(try diagnostics(fake.test, "tests").first)
        #expect(Set(first.diagnostics.map(\.message)) == ["T.sums: expected 3", "leaks"])
        #expect(
            seen.diagnostics.map(\.message) == ["T.sums: expected 3"], "a report of an earlier run is none of this one")
        let evidence = try completed(fake.test)
        #expect(evidence.first?.tests == TestCounts(passed: 1, failed: 1, skipped: 0))
        #expect(evidence.first?.command == check.command)
        #expect(try fake.sandbox.scratch.isEmpty)
        _ = try await fake.test.turn()
        try await fake.test.finish()
    }

    @Test("A check with paths runs when what changed concerns it, and its result holds for other trees")
    func paths() async throws {
        let fake = try await FakeSession(
            .init(
                files: ["src/a.c": "1\n", "docs/a.md": "1\n", "lint.sh": "x\n"],
                checks: [
                    CheckSpecification(name: "code", command: ["./lint.sh"], paths: ["src/"]),
                    CheckSpecification(name: "all", command: ["all"]),
                ]),
            [
                Say.calls(write("1", "docs/a.md", "2\n")), Say.calls(write("2", "src/deep/b.c", "2\n")),
                Say.calls(write("3", "docs/b.md", "2\n")), Say.calls(write("4", "lint.sh", "y\n")), Say.text("Done."),
                Say.text("It was asked for."),
            ])
        let turn = try await fake.test.turn()
        // Every check passes; that one of them runs something else now is another matter.
        #expect(turn.outcome == .unverified && turn.evidence.allSatisfy(\.passed), "\(turn.reason)")
        #expect(turn.gateFindings?.map(\.path) == ["lint.sh"])
        // On the untouched tree, then for src/ and for the script that it runs.
        #expect(try completed(fake.test).map(\.name) == ["code", "all", "all", "code", "all", "all", "code", "all"])
        #expect(turn.evidence.allSatisfy { $0.treeHash == turn.treeHash })
        try await fake.test.finish()
    }

    @Test("What a check proved of the untouched tree counts as long as nothing that it depends on changed")
    func untouched() async throws {
        let fake = try await FakeSession(
            .init(
                files: ["src/a.c": "1\n", "a.md": "1\n"],
                checks: [CheckSpecification(name: "code", command: ["lint"], paths: ["src/**"])]),
            [Say.calls(write("1", "a.md", "2\n")), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .verified)
        #expect(turn.evidence.first?.treeHash == turn.treeHash)
        let ran = try #require(turn.evidence.first?.ranOn)
        #expect(ran != turn.treeHash)
        #expect(try fake.sandbox.commands.count == 1)
        try await fake.test.finish()
    }

    @Test("A check that failed on the untouched tree is run again before the work may be called verified")
    func untouchedFailure() async throws {
        let fake = try await FakeSession(
            .init(
                files: ["src/a.c": "1\n", "a.md": "1\n"],
                checks: [CheckSpecification(name: "code", command: ["lint"], paths: ["src/**"])]),
            command: { _, sandbox in sandbox.commands.count > 1 ? .text("") : .text("no luck\n", 1) },
            [Say.calls(write("1", "a.md", "2\n")), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .verified)
        #expect(turn.evidence.first?.ranOn == nil)
        #expect(try fake.sandbox.commands.count == 2)
        try await fake.test.finish()
    }

    @Test("The organisation's checks run whatever the client asks for, and their names are theirs")
    func organisation() async throws {
        let theirs = CheckDefinition(name: "licences", command: ["real"], origin: .organisation)
        var options = TestSession.Options(
            files: ["a": "1\n"],
            checks: [
                CheckSpecification(name: "licences", command: ["true"]),
                CheckSpecification(name: "licences (client)", command: ["true"], required: false),
            ])
        options.organisationChecks = [theirs]
        options.limits.gateRounds = 1
        let fake = try await FakeSession(
            options, command: { request, _ in request.arguments == ["real"] ? .text("a: no licence\n", 1) : .text("") },
            [Say.calls(write("1", "a", "2\n")), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .unverified)
        #expect(turn.reason.contains("`licences` (exit code 1)"))
        #expect(turn.evidence.map(\.name) == ["licences (client 2)", "licences (client)", "licences"])
        #expect(turn.evidence.map(\.origin) == [.client, .client, .organisation])
        let running = try fake.test.events().compactMap { event -> String? in
            if case .sessionStatus(let status) = event { status.reason } else { nil }
        }
        #expect(running.first?.contains("the client's own of that name is called `licences (client 2)`") == true)
        // A repository chooses nothing of where it runs.
        let commands = try fake.sandbox.commands
        #expect(commands.contains { $0.arguments == ["real"] })
        #expect(commands.allSatisfy { $0.withoutRepositoryVariables == ($0.arguments == ["real"]) })
        try await fake.test.finish()
    }

    @Test("A repository that has no checks, or one that fails first, does not keep the organisation's from running")
    func organisationAlways() async throws {
        let theirs = CheckDefinition(name: "licences", command: ["real"], origin: .organisation)
        for checks in [[], [CheckSpecification(name: "fails", command: ["false"])]] {
            var options = TestSession.Options(files: ["a": "1\n"], checks: checks)
            options.organisationChecks = [theirs]
            options.limits.gateRounds = 1
            let fake = try await FakeSession(
                options, command: { request, _ in request.arguments == ["false"] ? .text("", 1) : .text("") },
                [Say.calls(write("1", "a", "2\n")), Say.text("Done.")])
            let turn = try await fake.test.turn()
            #expect(turn.outcome == (checks.isEmpty ? .verified : .unverified))
            #expect(turn.evidence.contains { $0.name == "licences" && $0.passed && $0.origin == .organisation })
            try await fake.test.finish()
        }
    }

    @Test("A later session of the same user on the same tree has the baseline from the first, and verifies by itself")
    func cached() async throws {
        let folder = try TemporaryFolder()
        let store = BaselineStore(directory: "\(folder.path)/baselines")
        func session(
            _ user: String, _ files: [String: String], _ name: String
        ) async throws -> (FakeSession, TurnCompleted) {
            var options = TestSession.Options(
                files: files, checks: [CheckSpecification(name: "build", command: ["make"])])
            options.baselines = store
            options.user = user
            // The workspace's path is part of what a baseline is for.
            options.folder = folder
            options.stateName = name
            options.storePath = "\(folder.path)/\(name).sqlite"
            let fake = try await FakeSession(
                options, command: { _, _ in .text("a.c:1:1: warning: odd\n") },
                [Say.calls(write("1", "b", "2\n")), Say.text("Done.")])
            return (fake, try await fake.test.turn())
        }
        let (first, _) = try await session("anna", ["a.c": "1\n"], "first")
        #expect(try completed(first.test).map(\.fromCache) == [nil, nil])
        let (second, turn) = try await session("anna", ["a.c": "1\n"], "second")
        #expect(turn.outcome == .verified)
        #expect(try completed(second.test).map(\.fromCache) == [true, nil])
        #expect(try second.sandbox.commands.count == 1)
        #expect(try diagnostics(second.test, "build").map(\.total) == [1, 1])
        #expect(try diagnostics(second.test, "build").map(\.new) == [0, 0])
        #expect(second.test.provider.requests[0].lastText.contains("known from an earlier session on this tree"))
        for (user, text) in [("bert", "1\n"), ("anna", "2\n")] {
            let (other, _) = try await session(user, ["a.c": text], "of-\(user)")
            #expect(try completed(other.test).map(\.fromCache) == [nil, nil])
            try await other.test.finish()
        }
        try await first.test.finish()
        try await second.test.finish()
    }

    @Test("A check that a command in the background overtakes is ended and run anew on what is there now")
    func overtaken() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "1\n"], checks: [CheckSpecification(name: "build", command: ["make"])]),
            command: { request, sandbox in
                if request.arguments == ["serve"] { return FakeCommand(hangs: true) }
                // The first is the baseline, the second the one after the edit.
                return FakeCommand(hangs: sandbox.commands.count { $0.arguments == ["make"] } == 2)
            },
            [
                Say.calls(
                    call("1", "run", ["command": ["serve"], "background": true]), write("2", "a.c", "2\n")),
                Say.text("Done."),
            ])
        func started() async throws {
            try await fake.test.next { if case .checkStarted = $0 { true } else { nil } }
        }
        try await started()
        try await started()
        let sandbox = try fake.sandbox
        sandbox["generated.c"] = "3\n"
        let turn = try await fake.test.turn()
        let runs = try completed(fake.test)
        #expect(runs.map(\.result.status) == [.exited, .killed, .exited])
        #expect(turn.outcome == .verified, "\(turn.reason)")
        #expect(turn.evidence.first?.treeHash == runs.last?.treeHash)
        #expect(runs[1].treeHash != runs[2].treeHash)
        try await fake.test.finish()
    }
}
