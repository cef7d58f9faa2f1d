import AgentProtocol
import JSON
import Models
import Sandbox
import Synchronization
import Testing

@testable import Agent

@Suite("Tool calls", .timeLimit(.minutes(10)))
struct ToolCallTests {
    @Test("Reads of one answer run side by side, their results in the order of the calls")
    func parallelReads() async throws {
        let rendezvous = Rendezvous(3)
        let fake = try await FakeSession(
            .init(files: ["a": "A\n", "b": "B\n", "c": "C\n"]), onRead: { _ in await rendezvous.arrive() },
            [
                Say.all(["a", "b", "c"].map { call("read-\($0)", "read", ["path": .string($0)]) }), Say.text("Done."),
            ])
        _ = try await fake.test.turn()
        let results = fake.test.provider.requests[1].results
        #expect(results["read-a"]?.text == "1\tA\n")
        #expect(results["read-c"]?.text == "1\tC\n")
        try await fake.test.finish()
    }

    @Test("Commands run side by side too; edits wait for what is before them and see each other")
    func order() async throws {
        let rendezvous = Rendezvous(2)
        let fake = try await FakeSession(
            .init(files: ["a": "one\n"]),
            command: { request, sandbox in
                if request.arguments.first == "both" { await rendezvous.arrive() }
                return .text(sandbox["a"] ?? "")
            },
            [
                Say.calls(
                    run("1", "both", "1"), run("2", "both", "2"),
                    call("3", "edit", ["path": "a", "old_text": "one", "new_text": "two"]),
                    call("4", "edit", ["path": "a", "old_text": "two", "new_text": "three"]), run("5", "show")),
                Say.text("Done."),
            ])
        _ = try await fake.test.turn()
        #expect(try fake.sandbox["a"] == "three\n")
        let history = try fake.sandbox.history
        #expect(Set(history[..<2]) == ["exec both 1", "exec both 2"])
        #expect(history[2...] == ["write a", "write a", "exec show"])
        #expect(fake.test.provider.requests[1].results["5"]?.text.contains("three") == true)
        let patches = try fake.test.events().compactMap { event -> String? in
            if case .fileChanged(let change) = event { change.patch } else { nil }
        }
        #expect(patches.count == 2 && patches[0].contains("-one\n+two") && patches[1].contains("-two\n+three"))
        try await fake.test.finish()
    }

    @Test("What a tool cannot do is told to the model, and the turn goes on")
    func toolErrors() async throws {
        let fake = try await FakeSession(
            .init(files: ["a": "x x\n"]),
            [
                Say.calls(
                    call("missing", "read", ["path": "none"]),
                    call("escape", "read", ["path": "../../etc/passwd"]),
                    call("link", "read", ["path": "outside/x"]),
                    call("unknown", "teleport", ["to": "moon"]),
                    call("extra", "read", ["path": "a", "really": true]),
                    call("type", "run", ["command": "make all"]),
                    call("empty", "run", ["command": []]),
                    call("zero", "run", ["command": ["a\0b"]]),
                    call("absent", "edit", ["path": "a", "old_text": "nothing", "new_text": "y"]),
                    call("twice", "edit", ["path": "a", "old_text": "x", "new_text": "y"]),
                    call("folder", "write", ["path": ".", "content": ""]),
                    call("linked", "write", ["path": "outside/x", "content": ""]),
                    call("time", "shell", ["script": "true", "timeout_seconds": 100_000]),
                    ToolCall(id: "malformed", name: "run", arguments: [:], malformed: "{\"command\": [")),
                Say.text("Done."),
            ])
        let turn = try await fake.test.turn()
        #expect(turn.outcome == .answered)
        let results = fake.test.provider.requests[1].results
        let expected = [
            "missing": "none does not exist", "escape": "not in the workspace", "link": "outside the workspace",
            "unknown": "no tool `teleport`", "extra": "unknown argument `really`", "type": "list of strings",
            "empty": "`command` is empty", "zero": "zero byte", "absent": "does not stand in a",
            "twice": "stands 2 times in a (lines 1, 1)", "folder": "must name a file",
            "linked": "outside the workspace",
            "time": "from 1 to 1800", "malformed": "not valid JSON: {\"command\": [",
        ]
        #expect(results.count == expected.count)
        for (id, text) in expected {
            #expect(results[id]?.isError == true)
            #expect(results[id]?.text.contains(text) == true, "\(id): \(results[id]?.text ?? "")")
        }
        #expect(try fake.sandbox["a"] == "x x\n")
        #expect(try fake.sandbox.commands.isEmpty)
        try await fake.test.finish()
    }

    @Test("A failing command is a result with its true end")
    func commandEnds() async throws {
        let ends: [String: FakeCommand] = [
            "fails": .text("out", 3), "dies": FakeCommand(outcome: .signalled(9)),
            "slow": FakeCommand(outcome: .timedOut),
            "missing": FakeCommand(outcome: .couldNotStart(errno: 2, message: "no such file")),
        ]
        let fake = try await FakeSession(
            command: { request, _ in ends[request.arguments[0]] ?? FakeCommand() },
            [Say.all(ends.keys.sorted().map { run($0, $0) }), Say.text("Done.")])
        _ = try await fake.test.turn()
        let results = fake.test.provider.requests[1].results
        #expect(results["fails"]?.text == "[exit code 3]\n--- stdout\nout")
        #expect(results["dies"]?.text == "[killed by signal 9] (no output)")
        #expect(results["slow"]?.text.hasPrefix("[timed out after") == true)
        #expect(results["missing"]?.text == "[could not start: no such file] (no output)")
        #expect(results.values.allSatisfy { $0.isError })
        let statuses = try fake.test.events().compactMap { event -> CommandResult.Status? in
            if case .toolCallCompleted(let completed) = event { completed.command?.status } else { nil }
        }
        #expect(Set(statuses) == [.exited, .signalled, .timedOut, .couldNotStart])
        try await fake.test.finish()
    }

    @Test("A flood of calls in one answer is cut")
    func flood() async throws {
        var options = TestSession.Options()
        options.limits.callsPerAnswer = 5
        let fake = try await FakeSession(
            options, [Say.all((0..<20).map { run("\($0)", "true") }), Say.text("Done.")])
        _ = try await fake.test.turn()
        #expect(try fake.sandbox.commands.count == 5)
        let results = fake.test.provider.requests[1].results
        #expect(results.count == 20)
        #expect(results["5"]?.text.contains("at most 5") == true)
        try await fake.test.finish()
    }

    @Test("A huge output is cut for the model, and whole in the log")
    func hugeOutput() async throws {
        let bytes = (0..<3_000_000).map { UInt8(ascii: "a") + UInt8($0 % 23) }
        let fake = try await FakeSession(
            command: { _, _ in FakeCommand(stdout: bytes, stderr: [0xFF, 0xFE]) },
            [Say.calls(run("1", "flood")), Say.text("Done.")])
        _ = try await fake.test.turn()
        let text = fake.test.provider.requests[1].results["1"]?.text ?? ""
        #expect(text.utf8.count < AgentLimits().toolOutputBytes + 1000)
        #expect(text.contains("\(3_000_000 - AgentLimits().toolOutputBytes) bytes left out"))
        var logged: [UInt8] = []
        for case .outputDelta(let delta) in try fake.test.events() where delta.stream == .stdout {
            logged += Array((delta.text ?? "").utf8)
        }
        #expect(logged == bytes)
        try await fake.test.finish()
    }

    @Test("Searches fall back where ripgrep is missing, and stay in the workspace")
    func searches() async throws {
        let fake = try await FakeSession(
            .init(files: ["src/a.c": "x", "b.c": "x", "b.h": "x"]),
            [
                Say.calls(
                    call("any", "glob", ["pattern": "*.c"]), call("deep", "glob", ["pattern": "src/*.c"]),
                    call("none", "glob", ["pattern": "*.rs"]), call("out", "glob", ["pattern": "*", "path": "/etc"]),
                    call("grep", "grep", ["pattern": "x"])),
                Say.text("Done."),
            ])
        _ = try await fake.test.turn()
        let results = fake.test.provider.requests[1].results
        #expect(results["any"]?.text == "b.c\nsrc/a.c")
        #expect(results["deep"]?.text == "src/a.c")
        #expect(results["none"]?.text == "No file matches *.rs.")
        #expect(results["out"]?.isError == true)
        #expect(results["grep"]?.isError == true)  // neither program is there
        try await fake.test.finish()
    }

    @Test("Files that hold no text, and long ones, are read as far as it makes sense")
    func reading() async throws {
        let lines = (1...3000).map { "line \($0)" }.joined(separator: "\n")
        let fake = try await FakeSession(
            .init(files: ["long": lines, "binary": "a\0b", "empty": "", "wide": String(repeating: "w", count: 5000)]),
            [
                Say.calls(
                    call("long", "read", ["path": "long", "offset": 2990]),
                    call("part", "read", ["path": "long", "limit": 2]),
                    call("past", "read", ["path": "long", "offset": 3001]), call("binary", "read", ["path": "binary"]),
                    call("empty", "read", ["path": "empty"]), call("wide", "read", ["path": "wide"]),
                    call("folder", "read", ["path": "."])), Say.text("Done."),
            ])
        _ = try await fake.test.turn()
        let results = fake.test.provider.requests[1].results
        #expect(results["long"]?.text.hasPrefix("2990\tline 2990\n") == true)
        #expect(results["long"]?.text.hasSuffix("3000\tline 3000\n") == true)
        #expect(results["part"]?.text == "1\tline 1\n2\tline 2\n[… the file goes on: lines 3 to 3000 …]\n")
        #expect(results["past"]?.text == "long has only 3000 lines.")
        #expect(results["binary"]?.text == "binary is a binary file of 3 bytes.")
        #expect(results["empty"]?.text == "empty is empty.")
        #expect(results["wide"]?.text.contains("[… 3000 bytes …]") == true)
        #expect(results["folder"]?.text.contains("long") == true)
        try await fake.test.finish()
    }

    @Test("What only a build made stays out of the result; what the model wrote is in it, whatever its name")
    func products() async throws {
        let fake = try await FakeSession(
            .init(files: ["a.c": "x"], checks: [CheckSpecification(name: "build", command: ["make"])]),
            command: { request, sandbox in
                switch request.arguments[0] {
                case "make":
                    sandbox["a.out"] = "built by the check"
                    sandbox["report.txt"] = "written by the check"
                case "generate":
                    sandbox["made.c"] = "int made;"
                    sandbox["build/object.txt"] = "in a folder of products"
                    sandbox.setBytes("tool", [0x7F, 0x45, 0, 1])
                    sandbox["a.c"] = "changed by a command"
                    sandbox[".git/hooks/post-checkout"] = "#!/bin/sh\nhostile\n"
                    sandbox["vendor/.GIT/config"] = "hostile"
                default: break
                }
                return FakeCommand()
            },
            [
                Say.calls(run("1", "generate")), Say.calls(write("2", "build/kept.txt", "on purpose")),
                Say.text("Done."),
            ])
        let turn = try await fake.test.turn()
        #expect(turn.changedFiles == ["a.c", "build/kept.txt", "made.c"])
        #expect(turn.outcome == .verified)
        let diff = try await fake.test.session.diff(AgentDiff.Params(sessionId: "s"))
        #expect(diff.files.map(\.path) == turn.changedFiles)
        #expect(!diff.patch.contains("hostile"))
        #expect(diff.treeHash == turn.treeHash)
        try await fake.test.finish()
    }

    @Test("Hostile names are data, and files that run elsewhere are marked")
    func hostileNames() async throws {
        let names = ["$(touch x)", "new\nline", "quo\"te'", "-rf", " ", "\u{202E}txt.exe", ".github/workflows/ci.yml"]
        let fake = try await FakeSession(
            command: { _, sandbox in
                for name in names { sandbox[name] = "hostile\n" }
                return FakeCommand()
            }, [Say.calls(run("1", "generate")), Say.text("Done.")])
        let turn = try await fake.test.turn()
        #expect(Set(turn.changedFiles) == Set(names))
        let diff = try await fake.test.session.diff(AgentDiff.Params(sessionId: "s", paths: Array(names.prefix(2))))
        #expect(Set(diff.files.map(\.path)) == Set(names.prefix(2)))
        #expect(diff.patch.contains(#""b/new\nline""#))
        let all = try await fake.test.session.diff(AgentDiff.Params(sessionId: "s"))
        #expect(all.files.filter { $0.sensitive == true }.map(\.path) == [".github/workflows/ci.yml"])
        try await fake.test.finish()
    }

    @Test("Two Unicode forms of one name are not taken for one another")
    func unicodeTwins() async throws {
        let fake = try await FakeSession(
            .init(files: ["caf\u{E9}.txt": "the user's\n"]),
            command: { _, _ in FakeCommand() }, [Say.text("Done.")])
        _ = try await fake.test.turn()
        // A dictionary of the fake would merge them as well, so that the tracker is asked directly.
        let sandbox = try fake.sandbox
        let ready = try #require(await fake.test.session.ready)
        let tracker = ChangeTracker(
            snapshot: ready.snapshot, sandbox: TwinSandbox(sandbox), rules: .folder(fake.test.workspace),
            maximumFileBytes: 1000,
            log: fake.test.log)
        let state = try await tracker.state()
        #expect(state.changes.isEmpty)
        #expect(state.leftOut.count == 1)
        #expect(state.treeHash == ready.snapshot.treeHash)
        try await fake.test.finish()
    }
}

/// Reports one more change: a file whose name looks like the user's.
private struct TwinSandbox: Sandbox {
    let inner: FakeSandbox

    init(_ inner: FakeSandbox) { self.inner = inner }

    var id: String { inner.id }
    var termination: SandboxTermination { get async { await inner.termination } }

    func exec(_ request: ExecRequest) async throws -> any ExecHandle { try await inner.exec(request) }
    func stat(_ path: String) async throws -> FileStatus? { try await inner.stat(path) }
    func readFile(_ path: String, offset: Int, maximumBytes: Int) async throws -> FileContents {
        try await inner.readFile(path, offset: offset, maximumBytes: maximumBytes)
    }
    func writeFile(_ path: String, _ bytes: [UInt8], mode: UInt32?) async throws {
        try await inner.writeFile(path, bytes, mode: mode)
    }
    func removeFile(_ path: String) async throws { try await inner.removeFile(path) }
    func listFiles(_ path: String, recursive: Bool, maximumEntries: Int) async throws -> FileListing {
        try await inner.listFiles(path, recursive: recursive, maximumEntries: maximumEntries)
    }
    func stop() async { await inner.stop() }

    func changes() async throws -> [WorkspaceChange] {
        [WorkspaceChange(path: "cafe\u{301}.txt", kind: .added, mode: 0o644, size: 8) { _ in Array("hostile\n".utf8) }]
    }
}
