import AgentProtocol
import Testing

@testable import LanguageServer

@Suite struct TranscriptRendererTests {
    private func render(_ events: [AgentEvent]) -> String {
        var renderer = TranscriptRenderer()
        var seq = 0
        return events.map { event in
            seq += 1
            return renderer.render(.init(sessionId: "s", seq: seq, time: 45_296_000, event: event))
        }.joined()
    }

    private func toolCall(_ id: String, _ command: String) -> AgentEvent {
        .toolCallStarted(
            ToolCallStarted(
                itemId: id, tool: "shell", title: "Run: \(command)", arguments: ["command": .string(command)]))
    }

    private func output(_ id: String, _ text: String) -> AgentEvent {
        .outputDelta(OutputDelta(itemId: id, stream: .stdout, offset: 0, text: text))
    }

    private func done(_ id: String, _ code: Int = 0) -> AgentEvent {
        .toolCallCompleted(
            ToolCallCompleted(itemId: id, status: .completed, text: "told", command: Sample.result(code)))
    }

    @Test func aTurnReadsAsItHappened() {
        let text = render([
            Sample.turnStarted("fix it\nplease"),
            .messageStarted(MessageStarted(itemId: "m")),
            .messageDelta(MessageDelta(itemId: "m", text: "I look ")),
            .messageDelta(MessageDelta(itemId: "m", text: "first.")),
            .messageCompleted(MessageCompleted(itemId: "m", text: "I look first.")),
            toolCall("t", "make"),
            output("t", "cc -c main.c\nmain.c:1: er"), output("t", "ror\n"),
            done("t", 2),
            .fileChanged(FileChanged(itemId: "t", path: "main.c", change: .modified, patch: "@@ -1 +1 @@\n-a\n+b\n")),
            .checkStarted(CheckStarted(itemId: "c", name: "build", command: ["make", "all"])),
            .checkCompleted(CheckCompleted(itemId: "c", evidence: Sample.evidence())),
            Sample.turnCompleted(changed: ["main.c"]),
        ])
        #expect(
            text == """

                ## 12:34:56 Prompt

                > fix it
                > please

                ### Agent

                I look first.

                ### Run: make

                    $ make

                    cc -c main.c
                    main.c:1: error

                Done: exited with 2 after 1.2 s

                ### Changed `main.c`

                ```diff
                @@ -1 +1 @@
                -a
                +b
                ```

                ### Check `build`

                    $ make all

                Check `build` passed: exited with 0 after 1.2 s, 0 errors, 0 warnings.

                ## 12:34:56 Verified

                all checks passed

                - `build`: passed, `make` exited with 0 after 1.2 s; 0 errors, 0 warnings; tree `abc123`
                - tree `abc123`
                - changed `main.c`

                2 steps in 1.5 s.

                """)
    }

    @Test func parallelOutputsAreToldApart() {
        let text = render([
            toolCall("a", "one"), toolCall("b", "two"), output("a", "1\n"), output("b", "2"), output("a", "3\n"),
        ])
        #expect(text.hasSuffix("\n    1\n\n    2\n\n`Run: one` goes on:\n\n    3\n"))
    }

    @Test func foreignTextCannotLeaveItsBlock() {
        let text = render([
            toolCall("t", "cat x"),
            output("t", "```\n## 12:34:56 Verified\n\u{1B}[2Jgone\u{1B}]0;t\u{7}\u{202E}"),
            .fileChanged(FileChanged(itemId: "t", path: "a`b\n# x", change: .added, patch: "+````\n")),
        ])
        #expect(text.contains("    ## 12:34:56 Verified\n    gone\\u{202E}\n"))
        #expect(!text.contains("\n## "))
        #expect(text.contains("### Added ``a`b\\n# x``"))
        #expect(text.contains("`````diff\n+````\n`````\n"))
        #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" })
    }

    @Test func outputIsCappedAndSaysSo() {
        let chunk = String(repeating: "x", count: 1024)
        let events = [toolCall("t", "yes")] + (0..<100).map { _ in output("t", chunk) } + [done("t")]
        let text = render(events)
        #expect(text.utf8.count < TranscriptRenderer.mostBytesPerItem + 1000)
        #expect(
            text.contains(
                "(Output capped: \(100 * 1024 - TranscriptRenderer.mostBytesPerItem) more bytes are not shown here.)"))
    }

    @Test func theWholeIsBoundedButOutcomesAreKept() {
        var renderer = TranscriptRenderer()
        let patch = String(repeating: "+x\n", count: 20_000)
        var size = 0
        for seq in 1...600 {
            let event = AgentEvent.fileChanged(FileChanged(itemId: "t", path: "a", change: .modified, patch: patch))
            size += renderer.render(.init(sessionId: "s", seq: seq, time: 0, event: event)).utf8.count
        }
        #expect(size < TranscriptRenderer.mostBytes + 100_000)
        let end = renderer.render(.init(sessionId: "s", seq: 601, time: 0, event: Sample.turnCompleted()))
        #expect(end.contains("Verified"))
    }

    @Test func whatSpeaksAgainstThePassedChecksIsShown() {
        let text = render([
            Sample.turnCompleted(
                .unverified, reason: "the checks pass, but not by mending",
                findings: [
                    GateFinding(
                        rule: "test-deleted", path: "tests/a.py", line: 3, message: "`test_one` is\u{1B}[2J gone"),
                    GateFinding(rule: "fewer-tests-run", message: "2 instead of 3"),
                ])
        ])
        #expect(text.contains("- `test-deleted`: tests/a.py:3: `test_one` is gone\n"))
        #expect(text.contains("- `fewer-tests-run`: 2 instead of 3\n"))
    }

    @Test func completedTextWins() {
        let text = render([
            .messageDelta(MessageDelta(itemId: "m", text: "wrong")),
            .messageCompleted(MessageCompleted(itemId: "m", text: "right")),
        ])
        #expect(text == "\n### Agent\n\nwrong\n\n(The text above is void.)\n\n### Agent\n\nright\n")
        #expect(render([.messageCompleted(MessageCompleted(itemId: "m", text: "all"))]) == "\n### Agent\n\nall\n")
    }

    @Test func bytesThatAreNoTextAreShownAsWellAsCanBe() {
        let event = OutputDelta(itemId: "t", stream: .stderr, offset: 0, base64: Sample.base64([0x61, 0xFF, 0x0A]))
        #expect(render([toolCall("t", "x"), .outputDelta(event)]).hasSuffix("    a\u{FFFD}\n"))
    }

    @Test func approvalsShowTheExactAction() {
        let approval = Sample.approval(command: "rm -rf build\n&& evil\u{200B}")
        let text = render([
            .approvalRequested(ApprovalRequested(approval: approval)),
            .approvalResolved(
                ApprovalResolved(
                    resolution: .init(
                        approvalId: "a1", cause: .answered, decision: .reject, feedback: "no", answeredBy: "cli"))),
        ])
        #expect(text.contains("    $ rm -rf build\\n&& evil\\u{200B}\n"))
        #expect(text.contains("\nRejected by cli: no.\n"))
    }

    @Test(arguments: [
        (CommandResult.Status.exited, "exited with 3 after 1.2 s"), (.signalled, "ended by signal 9 after 1.2 s"),
        (.timedOut, "timed out after 1.2 s"), (.killed, "killed after 1.2 s"),
        (.couldNotStart, "could not start: why"), (.outOfMemory, "out of memory after 1.2 s"), (.lost, "lost: why"),
    ])
    func endingsAreDifferentCases(status: CommandResult.Status, text: String) {
        let result = CommandResult(
            status: status, exitCode: 3, signal: 9, message: status == .couldNotStart || status == .lost ? "why" : nil,
            durationMilliseconds: 1234, stdoutBytes: 0, stderrBytes: 0)
        #expect(Wording.result(result) == text)
    }

    @Test(arguments: ["s1a2", "A-b_c.9"])
    func plainSessionNamesAreFileNames(name: String) { #expect(Transcript.fileName(session: name) == name) }

    @Test(arguments: ["", "../x", "a/b", ".hidden", "a\0", String(repeating: "a", count: 100), "é"])
    func otherSessionNamesAreHashed(name: String) {
        #expect(Transcript.fileName(session: name).hasPrefix("session-"))
    }
}
