import AgentProtocol
import Glibc
import JSON
import Models
import Sandbox
import TestSupport
import Testing

@testable import Agent

private let program = """
    #include <stdio.h>

    int main(void) {
        int total = 0;
        for (int i = 1; i <= 10; i++) total += i
        printf("%d\\n", totl);
        return 0;
    }

    """
private let makefile = """
    CFLAGS = -Wall -Werror
    sum: sum.c
    \t$(CC) $(CFLAGS) -o $@ $<
    test: sum
    \ttest "$$(./sum)" = 55
    .PHONY: test

    """
private let files = ["sum.c": program, "Makefile": makefile, "README": "adds up\n"]

@Suite("Sessions in a real sandbox, with a real compiler", .timeLimit(.minutes(10)))
struct RealSandboxTests {
    private func session(_ options: TestSession.Options, _ steps: [ScriptedProvider.Step]) async throws -> TestSession {
        let test = try TestSession(options, driver: LocalDriver(), steps)
        try await test.session.start()
        return test
    }

    private func edit(_ id: String, _ old: String, _ new: String) -> ToolCall {
        call(id, "edit", ["path": "sum.c", "old_text": .string(old), "new_text": .string(new)])
    }

    @Test("A broken C program is mended: errors, fewer errors, green; the evidence is for the tree that is handed over")
    func fixed() async throws {
        let test = try await session(
            .init(files: files),
            [
                Say.calls(call("look", "read", ["path": "sum.c"]), call("find", "grep", ["pattern": "totl"])),
                Say.calls(edit("1", "total += i\n", "total += i;\n")), Say.calls(edit("2", "totl", "total")),
                Say.text("Mended."),
            ])
        let turn = try await test.turn()
        #expect(turn.outcome == .verified, "\(turn.reason)")
        #expect(turn.changedFiles == ["sum.c"])
        #expect(turn.evidence.map(\.name) == ["make", "make test"])
        #expect(turn.evidence.allSatisfy { $0.passed && $0.treeHash == turn.treeHash })

        // What the compiler really said: two errors at the start, one after the first edit, none at the end.
        let updates = try test.events().compactMap { event -> DiagnosticsUpdated? in
            if case .diagnosticsUpdated(let update) = event, update.check == "make" { update } else { nil }
        }
        #expect(updates.count == 3)
        let first = try #require(updates.first?.diagnostics.first { $0.severity == .error })
        #expect(first.path == "sum.c")
        #expect(first.range?.startLine == 5)
        #expect(first.message.contains("expected"))
        #expect(updates[1].diagnostics.contains { $0.message.contains("totl") })
        #expect(updates[2].diagnostics.isEmpty)
        #expect(test.provider.requests[1].results["find"]?.text.contains("sum.c:6:") == true)

        // The patch, applied by git to the user's own folder, gives the tree that was verified.
        let diff = try await test.session.diff(AgentDiff.Params(sessionId: "s"))
        #expect(diff.treeHash == turn.treeHash)
        #expect(test.folder.readText("workspace/sum.c") == program)
        let apply = try HostCommand.run(["git", "apply", "-"], in: test.workspace, input: Array(diff.patch.utf8))
        #expect(apply.exitCode == 0, "\(apply.errorText)")
        for command in [["init", "-q"], ["add", "-A"]] {
            #expect(try HostCommand.git(command, in: test.workspace).exitCode == 0)
        }
        #expect(try HostCommand.git(["write-tree"], in: test.workspace).line == diff.treeHash)
        #expect(try HostCommand.run(["make", "-s", "test"], in: test.workspace).exitCode == 0)
        try await test.finish()
    }

    @Test("A command that is killed is a result; the session goes on")
    func killed() async throws {
        let test = try await session(
            .init(files: ["a": "x\n"]),
            [
                Say.calls(call("1", "shell", ["script": "echo before; kill -9 $$"])),
                Say.calls(
                    call("2", "shell", ["script": "sleep 1000", "timeout_seconds": 1]),
                    run("3", "no-such-program"), run("4", "cat", "a")), Say.text("Done."),
            ])
        #expect(try await test.turn().outcome == .answered)
        let requests = test.provider.requests
        #expect(requests[1].results["1"]?.text == "[killed by signal 9]\n--- stdout\nbefore\n")
        #expect(requests[2].results["2"]?.text.hasPrefix("[timed out after 1.") == true)
        #expect(requests[2].results["3"]?.text.hasPrefix("[could not start:") == true)
        #expect(requests[2].results["4"]?.text == "[exit code 0]\n--- stdout\nx\n")
        _ = try await test.state(.idle)
        try await test.finish()
    }

    @Test("Cancelling kills the command with all that it started, and the sandbox stays usable")
    func cancelled() async throws {
        let test = try await session(
            .init(),
            [
                Say.calls(call("1", "shell", ["script": "sleep 1000 & echo started; sleep 1000"])),
                Say.calls(call("2", "shell", ["script": "cat /proc/[0-9]*/comm | grep -c sleep"])), Say.text("Done."),
            ])
        try await test.next { if case .outputDelta = $0 { true } else { nil } }
        await test.session.cancel()
        #expect(try await test.turn().outcome == .cancelled)
        _ = try await test.session.prompt(AgentPrompt.Params(sessionId: "s", text: "what is left?"))
        _ = try await test.turn()
        #expect(test.provider.requests[2].results["2"]?.text == "[exit code 1]\n--- stdout\n0\n")
        try await test.finish()
    }

    @Test("What the build made is not in the result; deletions, modes and links are, as git sees them")
    func results() async throws {
        let script = """
            rm README && ln -s sum.c link && chmod +x Makefile && mkdir -p new && echo x > new/file && make -s sum || true
            git init -q . 2>/dev/null; mkdir -p .git/hooks; echo hostile > .git/hooks/post-checkout; mkfifo pipe
            printf 'two\\nlines' > 'na me'
            """
        let test = try await session(
            .init(files: files.merging(["sum.c": "int main(void) { return 0; }\n"]) { $1 }, checks: []),
            [Say.calls(call("1", "shell", ["script": .string(script)])), Say.text("Done.")])
        let turn = try await test.turn()
        #expect(turn.changedFiles == ["Makefile", "README", "link", "na me", "new/file"])
        let diff = try await test.session.diff(AgentDiff.Params(sessionId: "s", includeContents: true))
        #expect(diff.files.map(\.change) == [.modified, .deleted, .added, .added, .added])
        #expect(diff.files[0].newMode == "100755" && diff.files[2].newMode == "120000")
        #expect(!diff.patch.contains("hostile"))
        let apply = try HostCommand.run(["git", "apply", "-"], in: test.workspace, input: Array(diff.patch.utf8))
        #expect(apply.exitCode == 0, "\(apply.errorText)")
        for command in [["init", "-q"], ["add", "-A"]] {
            #expect(try HostCommand.git(command, in: test.workspace).exitCode == 0)
        }
        #expect(try HostCommand.git(["write-tree"], in: test.workspace).line == diff.treeHash)
        try await test.finish()
    }

    @Test("Twelve megabytes of output are cut for the model and whole in the log; their end is true")
    func flood() async throws {
        let count = 12 << 20
        let test = try await session(
            .init(),
            [
                Say.calls(call("1", "shell", ["script": .string("yes 0123456789abcde | head -c \(count)")])),
                Say.text("Done."),
            ])
        _ = try await test.turn()
        let text = test.provider.requests[1].results["1"]?.text ?? ""
        #expect(text.utf8.count < 32 << 10)
        #expect(text.contains("bytes left out"))
        var logged = 0
        for case .outputDelta(let delta) in try test.events() { logged += delta.text?.utf8.count ?? 0 }
        #expect(logged == count)
        #expect(try test.outcome(of: "shell")?.command?.stdoutBytes == count)
        try await test.finish()
    }

    @Test("Searches obey what git ignores, and one unreadable file does not make them worthless")
    func searches() async throws {
        let test = try await session(
            .init(files: [".gitignore": "*.log\n", "a.c": "needle\n", "b.log": "needle\n", "sub/c.c": "a needle\n"]),
            [
                Say.calls(call("0", "shell", ["script": "mkdir shut; echo needle > shut/d.c; ln -s nowhere dangling"])),
                Say.calls(
                    call("grep", "grep", ["pattern": "needle"]),
                    call("files", "grep", ["pattern": "needle", "files_only": true]),
                    call("none", "grep", ["pattern": "haystack"]), call("bad", "grep", ["pattern": "("]),
                    call("glob", "glob", ["pattern": "**/*.c"]),
                    call("here", "grep", ["pattern": "needle", "path": "sub"])),
                Say.text("Done."),
            ])
        _ = try await test.turn()
        let results = test.provider.requests[2].results
        #expect(results["grep"]?.text == "a.c:1:needle\nshut/d.c:1:needle\nsub/c.c:1:a needle")
        #expect(results["files"]?.text == "a.c\nshut/d.c\nsub/c.c")
        #expect(results["none"]?.text == "No match for haystack.")
        #expect(results["bad"]?.isError == true)
        #expect(results["glob"]?.text == "a.c\nshut/d.c\nsub/c.c")
        #expect(results["here"]?.text == "sub/c.c:1:a needle")
        try await test.finish()
    }

    @Test("A sandbox whose first process is killed fails the session with a reason")
    func lost() async throws {
        let test = try await session(
            .init(), [Say.calls(call("1", "shell", ["script": "echo begun; sleep 1000"])), Say.text("Done.")])
        try await test.next { if case .outputDelta = $0 { true } else { nil } }
        // The supervisor's host process is the one that has the workspace among its arguments.
        let find = "pgrep -f -- \"$0\" | grep -v \"^$$\\$\""
        let found = try HostCommand.run(["/bin/sh", "-c", find, "root \(test.workspace)"]).line
        let processes = found.split(separator: "\n").compactMap { pid_t($0) }.filter { $0 != getpid() }
        #expect(!processes.isEmpty)
        for process in processes { kill(process, SIGKILL) }
        let turn = try await test.turn()
        #expect(turn.outcome == .failed)
        #expect(try await test.state(.failed).reason?.contains("the sandbox was lost") == true)
        try await test.finish()
    }
}
