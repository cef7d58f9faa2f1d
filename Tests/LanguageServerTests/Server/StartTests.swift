import AgentProtocol
import JSON
import JSONRPC
import Testing

@testable import LanguageServer

@Suite(.timeLimit(.minutes(10))) struct StartTests {
    @Test func startCarriesUnsavedBuffersAndNothingElse() async throws {
        try await Harness.run(files: ["saved.c": "a\n", "dirty.c": "old\n", "crlf.c": "a\r\nb\r\n"]) { harness in
            let uri = harness.workspace.uri
            await harness.editor.open(uri("saved.c"), "a\n")
            await harness.editor.open(uri("dirty.c"), "old\n")
            await harness.editor.open(uri("new.c"), "never saved\n")
            await harness.editor.open("untitled:1", "no file")
            await harness.editor.open("file:///elsewhere/x.c", "outside")
            await harness.editor.open(uri("crlf.c"), "a\nb\n")
            await harness.editor.change(
                uri("dirty.c"), version: 2,
                [["range": Wire.range(0, 0, 0, 3), "text": "é"], ["range": Wire.range(0, 2, 0, 2), "text": "!"]])
            try await harness.startSession()
            let start = try #require(harness.service.calls("agent/start").first)
            #expect(start["workspaceFolder"]?.stringValue == harness.workspace.path)
            #expect(
                start["documents"] == [
                    ["path": "dirty.c", "text": "é!\n"], ["path": "new.c", "text": "never saved\n"],
                ])
            #expect(start["idempotencyKey"]?.stringValue?.isEmpty == false)
        }
    }

    @Test func savedAndClosedBuffersAreNoLongerSent() async throws {
        try await Harness.run(files: ["a.c": "old\r\n", "b.c": "b\n"]) { harness in
            let uri = harness.workspace.uri
            await harness.editor.open(uri("a.c"), "old\n")
            await harness.editor.change(uri("a.c"), version: 2, [["text": "new\n"]])
            await harness.editor.open(uri("b.c"), "changed\n")
            try await harness.startSession()
            #expect(
                harness.service.calls("agent/start").first?["documents"] == [
                    ["path": "a.c", "text": "new\r\n"], ["path": "b.c", "text": "changed\n"],
                ], "with the file's own line endings")
            await harness.editor.notify("textDocument/didSave", ["textDocument": ["uri": .string(uri("a.c"))]])
            await harness.editor.notify("textDocument/didClose", ["textDocument": ["uri": .string(uri("b.c"))]])
            _ = try await harness.editor.request("agent/start", ["prompt": "again"])
            #expect(harness.service.calls("agent/start").last?["documents"] == [])
        }
    }

    @Test func changeBackToTheSavedTextIsNoChange() async throws {
        try await Harness.run(files: ["a.c": "one\n"]) { harness in
            let uri = harness.workspace.uri("a.c")
            await harness.editor.open(uri, "one\n")
            await harness.editor.change(uri, version: 2, [["range": Wire.range(0, 0, 0, 0), "text": "x"]])
            await harness.editor.change(uri, version: 3, [["range": Wire.range(0, 0, 0, 1), "text": ""]])
            try await harness.startSession()
            #expect(harness.service.calls("agent/start").first?["documents"] == [])
        }
    }

    @Test func reloadAfterAChangeOnDiskIsNoUnsavedChange() async throws {
        try await Harness.run(files: ["a.c": "one\n"]) { harness in
            let uri = harness.workspace.uri("a.c")
            await harness.editor.open(uri, "one\n")
            try harness.workspace.write("a.c", "two\n")
            await harness.editor.change(uri, version: 2, [["text": "two\n"]])
            await harness.editor.notify(
                "workspace/didChangeWatchedFiles", ["changes": [["uri": .string(uri), "type": 2]]])
            try await harness.startSession()
            #expect(harness.service.calls("agent/start").first?["documents"] == [])
        }
    }

    @Test func contextInTheEditorsTermsIsConverted() async throws {
        try await Harness.run(client: Clients.neovim072) { harness in
            let uri = harness.workspace.uri("a.c")
            await harness.editor.open(uri, "char *s = \"😀\"; x\n")
            _ = try await harness.editor.request(
                "agent/start",
                [
                    "prompt": "p",
                    "context": [
                        "selections": [
                            ["uri": .string(uri), "range": Wire.range(0, 11, 0, 13), "text": "😀"],
                            [
                                "path": "b.c",
                                "range": ["startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2],
                            ],
                        ],
                        "diagnostics": [
                            [
                                "uri": .string(uri), "range": Wire.range(0, 16, 0, 17), "message": "unknown x",
                                "severity": 2, "code": 42, "source": "clangd",
                            ]
                        ],
                    ],
                ])
            let context = harness.service.calls("agent/start").first?["context"]
            let selections = context?["selections"]
            #expect(selections?[0]?["path"] == "a.c")
            #expect(selections?[0]?["range"] == ["startLine": 1, "startColumn": 12, "endLine": 1, "endColumn": 16])
            #expect(selections?[1]?["path"] == "b.c")
            let diagnostic = context?["diagnostics"]?[0]
            #expect(diagnostic?["tool"] == "clangd")
            #expect(diagnostic?["severity"] == "warning")
            #expect(diagnostic?["code"] == "42")
            #expect(diagnostic?["range"]?["startColumn"] == 19)
        }
    }

    @Test func brokenContextIsNamed() async throws {
        try await Harness.run { harness in
            for context in [
                ["selections": [["uri": "file:///etc/passwd", "range": Wire.range(0, 0, 0, 0)]]],
                ["diagnostics": [["uri": .string(harness.workspace.uri("a"))]]],
            ] as [JSON] {
                do {
                    try await harness.editor.request("agent/start", ["prompt": "p", "context": context])
                    Issue.record("was accepted")
                } catch let error as ResponseError {
                    #expect(error.code == .invalidParams)
                    #expect(error.message.contains("context."), "\(error.message)")
                }
            }
        }
    }

    @Test func innermostWorkspaceFolderOfTheDocumentIsMeant() async throws {
        try await Harness.run { harness in
            let inner = harness.workspace.file("inner")
            await harness.editor.notify(
                "workspace/didChangeWorkspaceFolders",
                ["event": ["added": [["uri": .string("file://\(inner)"), "name": "i"]], "removed": []]])
            _ = try await harness.editor.command(
                "cofferdam.start", ["prompt": "p", "uri": .string("file://\(inner)/a.c")])
            _ = try await harness.editor.command("cofferdam.start", ["prompt": "p", "workspaceFolder": "file:///x/"])
            #expect(harness.service.calls("agent/start").map { $0["workspaceFolder"]?.stringValue } == [inner, "/x"])
        }
    }

    @Test func withoutAFolderItSaysWhatToDo() async throws {
        try await Harness.start { harness, _ in
            try await harness.editor.request("initialize", ["processId": nil, "rootUri": nil, "capabilities": [:]])
            do {
                _ = try await harness.editor.command("cofferdam.start", ["prompt": "p"])
                Issue.record("was started")
            } catch let error as ResponseError { #expect(error.message.contains("workspaceFolder")) }
        }
    }

    @Test func emptyPromptIsRefused() async throws {
        try await Harness.run { harness in
            await #expect(throws: ResponseError.self) {
                try await harness.editor.command("cofferdam.start", ["prompt": "  "])
            }
            await #expect(throws: ResponseError.self) { try await harness.editor.command("cofferdam.start") }
        }
    }

    @Test func progressIsForwardedOnlyWhenAskedFor() async throws {
        for asks in [true, false] {
            try await Harness.run(options: ["progress": .bool(asks)]) { harness in
                try await harness.startSession()
                await harness.service.emit(Sample.turnStarted())
                await harness.service.emit(.unknown(type: "fromTheFuture"))
                await harness.service.emit(Sample.turnStarted(), session: "someone else's")
                let forwarded = try await harness.editor.pending("agent/progress")
                #expect(forwarded.map { $0["seq"]?.intValue } == (asks ? [1, 2] : []))
            }
        }
    }
}
