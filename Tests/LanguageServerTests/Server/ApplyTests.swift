import AgentProtocol
import JSON
import JSONRPC
import Testing

@testable import LanguageServer

@Suite(.timeLimit(.minutes(10))) struct ApplyTests {
    private func answer(_ harness: Harness, _ files: FileDifference...) throws {
        let diff = try Sample.diff(files)
        harness.service.respond("agent/diff") { _ in diff }
    }

    @Test func editsTheBufferAndTellsTheService() async throws {
        try await Harness.run(files: ["a.c": "one\ntwo\n"]) { harness in
            let uri = harness.workspace.uri("a.c")
            await harness.editor.open(uri, "one\ntwo\n", version: 4)
            try await harness.startSession()
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic(path: "a.c")]))
            await harness.service.emit(Sample.turnCompleted(changed: ["a.c"]))
            try answer(harness, Sample.difference("a.c", old: "one\ntwo\n", new: "one\n2\n"))
            let result = try await harness.editor.request("agent/apply", ["sessionId": "s1a2b3"])
            #expect(result == ["applied": ["a.c"], "conflicts": []])
            #expect(harness.service.calls("agent/diff").first?["includeContents"] == true)
            let edit = try await harness.editor.next("workspace/applyEdit").params
            #expect(edit["label"] == "Cofferdam: result of s1a2")
            #expect(
                edit["edit"] == [
                    "documentChanges": [
                        [
                            "textDocument": ["uri": .string(uri), "version": 4],
                            "edits": [["range": Wire.range(1, 0, 2, 0), "newText": "2\n"]],
                        ]
                    ]
                ])
            #expect(
                harness.service.calls("agent/applied") == [
                    ["sessionId": "s1a2b3", "treeHash": "abc123", "applied": ["a.c"], "conflicts": []]
                ])
            #expect(harness.workspace.read("a.c") == "one\ntwo\n", "the file is the editor's business")
            _ = try await harness.editor.next("textDocument/publishDiagnostics")
            #expect(try await harness.editor.next("textDocument/publishDiagnostics").params["diagnostics"] == [])
            let actions = try await harness.editor.actions(uri)
            #expect(
                !actions.contains { $0["title"]?.stringValue?.contains("apply") == true }, "nothing is left to apply")
        }
    }

    @Test func diskModeWritesFiles() async throws {
        try await Harness.run(options: ["fileEdits": "disk"], files: ["a.c": "one\n", "gone.c": "x\n"]) { harness in
            await harness.editor.open(harness.workspace.uri("a.c"), "one\n")
            try await harness.startSession()
            try answer(
                harness, Sample.difference("a.c", old: "one\n", new: "1\n"),
                Sample.difference("dir/new.sh", old: nil, new: "#!/bin/sh\n", newMode: "100755"),
                Sample.difference("gone.c", old: "x\n", new: nil))
            let result = try await harness.editor.request("agent/apply", ["sessionId": "s1a2b3"])
            #expect(result["applied"] == ["a.c", "dir/new.sh", "gone.c"])
            #expect(harness.workspace.read("a.c") == "1\n")
            #expect(harness.workspace.read("dir/new.sh") == "#!/bin/sh\n")
            #expect((harness.workspace.mode("dir/new.sh") ?? 0) & 0o100 != 0)
            #expect(harness.workspace.read("gone.c") == nil)
            #expect(try await harness.editor.pending("workspace/applyEdit").isEmpty)
        }
    }

    @Test func conflictsAreReportedAndNothingIsOverwritten() async throws {
        try await Harness.run(options: ["fileEdits": "disk", "showTranscript": "never"], files: ["a.c": "mine\n"]) {
            harness in
            try await harness.startSession()
            harness.service.respond("agent/merge") { _ in ["files": [["path": "a.c", "conflicts": false]]] }
            try answer(
                harness, Sample.difference("a.c", old: "theirs\n", new: "new\n"),
                Sample.difference("b.c", old: nil, new: "b\n"),
                Sample.difference("../out", old: nil, new: "x"))
            let result = try await harness.editor.request("agent/apply", ["sessionId": "s1a2b3"])
            #expect(result["applied"] == ["b.c"])
            #expect(result["conflicts"]?.arrayValue?.map { $0["path"] } == ["../out", "a.c"])
            #expect(harness.workspace.read("a.c") == "mine\n")
            let message = try await harness.editor.next("window/showMessage").params
            #expect(message["type"] == 2)
            #expect(message["message"]?.stringValue?.contains("a.c: you changed the file") == true)
            #expect(harness.service.calls("agent/applied").first?["conflicts"]?.arrayValue?.count == 2)
        }
    }

    @Test(arguments: [
        MockEditor.Answer.result(["applied": false, "failureReason": "buffer changed"]),
        .error(ResponseError(code: .internalError, message: "buffer changed")), .result(["applied": "?"]),
    ])
    func aRefusedEditIsNoSuccess(answer reply: MockEditor.Answer) async throws {
        try await Harness.run(files: ["a.c": "one\n"]) { harness in
            try await harness.startSession()
            await harness.editor.answer("workspace/applyEdit", reply)
            try answer(harness, Sample.difference("a.c", old: "one\n", new: "1\n"))
            let result = try await harness.editor.request("agent/apply", ["sessionId": "s1a2b3"])
            #expect(result["applied"] == [])
            #expect(
                result["conflicts"]?[0]?["reason"]?.stringValue?.hasPrefix("the editor did not apply the edit") == true)
            #expect(harness.service.calls("agent/applied").first?["applied"] == [])
        }
    }

    @Test func onlyTheNamedFiles() async throws {
        try await Harness.run(options: ["fileEdits": "disk"]) { harness in
            try await harness.startSession()
            try answer(
                harness, Sample.difference("a", old: nil, new: "a"), Sample.difference("b", old: nil, new: "b"),
                Sample.difference("hook", old: nil, new: "h", sensitive: true))
            _ = try await harness.editor.command("cofferdam.apply", ["sessionId": "s1a2b3", "paths": ["a", "hook"]])
            #expect(harness.workspace.names == ["a", "hook"])
            #expect(harness.service.calls("agent/diff").first?["paths"] == ["a", "hook"])
        }
    }

    @Test func verifiedResultsApplyThemselvesWhereWished() async throws {
        try await Harness.run(options: ["apply": "verified", "fileEdits": "disk"], files: ["a": "1"]) { harness in
            try await harness.startSession()
            try answer(harness, Sample.difference("a", old: "1", new: "2"))
            await harness.service.emit(Sample.turnCompleted(.unverified, changed: ["a"]))
            await harness.service.emit(Sample.turnStarted())
            #expect(harness.service.calls("agent/diff").isEmpty)
            await harness.service.emit(Sample.turnCompleted(.verified, changed: ["a"]))
            #expect(await harness.service.nextCall("agent/applied")["applied"] == ["a"])
            #expect(harness.workspace.read("a") == "2")
        }
    }

    @Test(arguments: ["ask", "never"])
    func offersOnlyWhenWished(mode: String) async throws {
        try await Harness.run(options: ["apply": .string(mode), "showTranscript": "never"]) { harness in
            try await harness.startSession("do it")
            await harness.service.emit(Sample.turnCompleted(changed: ["a", "b"]))
            let message = try await harness.editor.next("window/showMessage").params["message"]?.stringValue ?? ""
            #expect(message.hasPrefix("Cofferdam (s1a2): verified: all checks passed. Changed 2 files: a, b"))
            #expect(message.contains("cofferdam.apply") == (mode == "ask"))
            let titles = try await harness.editor.actions("file:///a").compactMap { $0["title"]?.stringValue }
            #expect(titles.contains("Cofferdam: apply result of “do it” (s1a2)") == (mode == "ask"))
            #expect(harness.service.calls("agent/diff").isEmpty)
        }
    }

    @Test func foldersThatOnlyTheServiceNamesAreNotWritten() async throws {
        let outside = try TemporaryFolder()
        try await Harness.run(options: ["fileEdits": "disk"]) { harness in
            harness.service.describe(Sample.summary("evil", folder: outside.path))
            _ = try await harness.editor.request("agent/attach", ["sessionId": "evil"])
            try answer(harness, Sample.difference("authorized_keys", old: nil, new: "x"))
            await #expect(throws: ResponseError.self) {
                try await harness.editor.request("agent/apply", ["sessionId": "evil"])
            }
            #expect(outside.names.isEmpty)
            await #expect(throws: ResponseError.self) {
                try await harness.editor.request("agent/apply", ["sessionId": "unknown"])
            }
        }
    }

    @Test func clientsWithoutEditsGetFiles() async throws {
        try await Harness.run(client: Clients.bare, files: ["a": "1\n"]) { harness in
            try await harness.startSession()
            try answer(harness, Sample.difference("a", old: "1\n", new: "2\n"))
            _ = try await harness.editor.request("agent/apply", ["sessionId": "s1a2b3"])
            #expect(harness.workspace.read("a") == "2\n")
        }
    }

    @Test func neovim072GetsAMapOfChanges() async throws {
        try await Harness.run(client: Clients.neovim072, files: ["a": "1\n"]) { harness in
            await harness.editor.open(harness.workspace.uri("a"), "1\n")
            try await harness.startSession()
            try answer(
                harness, Sample.difference("a", old: "1\n", new: "2\n"), Sample.difference("n", old: nil, new: "n\n"))
            _ = try await harness.editor.request("agent/apply", ["sessionId": "s1a2b3"])
            let edit = try await harness.editor.next("workspace/applyEdit").params["edit"]
            #expect(edit?["documentChanges"] == nil)
            #expect(edit?["changes"]?[harness.workspace.uri("a")]?[0]?["newText"] == "2\n")
            #expect(harness.workspace.read("n") == "n\n")
        }
    }
}
