import AgentProtocol
import JSON
import Testing

@testable import LanguageServer

/// Diagnostics that stand in the editor while the user goes on working.
@Suite(.timeLimit(.minutes(10))) struct FollowedDiagnosticsTests {
    private func next(_ harness: Harness) async throws -> JSON {
        try await harness.editor.next("textDocument/publishDiagnostics").params
    }

    private func isQuiet(_ harness: Harness) async throws -> Bool {
        try await harness.editor.pending("textDocument/publishDiagnostics").isEmpty
    }

    private func edit(_ line: Int, _ start: Int, _ end: Int, _ text: String) -> JSON {
        ["range": Wire.range(line, start, line, end), "text": .string(text)]
    }

    @Test func movesWithTheBuffer() async throws {
        try await Harness.run(files: ["main.c": "int x;\nint y\n"]) { harness in
            let uri = harness.workspace.uri("main.c")
            // Not what is on disk.
            await harness.editor.open(uri, "int 😀;\nint y\n", version: 1)
            try await harness.startSession()
            await harness.editor.change(uri, version: 2, [edit(0, 0, 0, "// new\n")])
            #expect(try await isQuiet(harness))
            await harness.service.emit(
                Sample.diagnostics([Sample.diagnostic(line: 2, column: 6, sourceLine: "int y")]))
            let first = try await next(harness)
            #expect(first["version"] == 2)
            #expect(first["diagnostics"]?[0]?["range"] == Wire.range(2, 5, 2, 5))
            await harness.editor.change(uri, version: 3, [edit(0, 0, 0, "a\nb\n"), edit(4, 0, 0, "c\n")])
            let second = try await next(harness)
            #expect(second["version"] == 3)
            #expect(second["diagnostics"]?[0]?["range"] == Wire.range(5, 5, 5, 5))
            await harness.editor.change(uri, version: 4, [edit(1, 0, 1, "B")])
            #expect(try await isQuiet(harness), "nothing has moved")
        }
    }

    @Test func aChangedLineIsStaleUntilTheChangeIsUndone() async throws {
        try await Harness.run(files: ["main.c": "int x;\nint y\n"]) { harness in
            let uri = harness.workspace.uri("main.c")
            await harness.editor.open(uri, "int x;\nint y\n")
            try await harness.startSession()
            await harness.service.emit(
                Sample.diagnostics([
                    Sample.diagnostic(line: 2, column: 6, fixes: [Sample.fix(line: 2, 6..<6, ";")])
                ]))
            let fresh = try await next(harness)["diagnostics"]?[0]
            #expect(fresh?["data"]?["stale"] == nil)
            await harness.editor.change(uri, version: 2, [edit(1, 5, 5, ";")])
            let stale = try await next(harness)["diagnostics"]?[0]
            #expect(stale?["severity"] == 4)
            #expect(stale?["message"] == "stale: expected ';'")
            #expect(stale?["data"]?["stale"] == true)
            #expect(stale?["data"]?["severity"] == 1)
            #expect(stale?["range"]?["start"] == Wire.position(1, 5))
            let titles = try await harness.editor.actions(uri, line: 1).compactMap { $0["title"]?.stringValue }
            #expect(!titles.contains { $0.hasPrefix("gcc:") }, "the fix is not for this line any more")
            _ = try await harness.editor.command("cofferdam.fixDiagnostics", ["uri": .string(uri)])
            let told = harness.service.calls("agent/start").last?["context"]?["diagnostics"]?[0]
            #expect(told?["severity"] == "error", "what the tool said")
            #expect(told?["message"] == "expected ';'")
            #expect(told?["sourceLine"] == "int y;")
            await harness.editor.change(uri, version: 3, [edit(1, 5, 6, "")])
            #expect(try await next(harness)["diagnostics"]?[0] == fresh)
        }
    }

    @Test func theAgentsLinesSaySo() async throws {
        try await Harness.run(files: ["main.c": "int x;\n"]) { harness in
            try await harness.startSession()
            let changes = LineChanges(
                path: "main.c", hunks: [LineHunk(oldStart: 2, oldCount: 0, newStart: 2, newCount: 1)])
            await harness.service.emit(
                Sample.diagnostics(
                    [Sample.diagnostic("bad", line: 2, column: 1, sourceLine: "\tinte y;")], changes: [changes]))
            let shown = try await next(harness)["diagnostics"]?[0]
            #expect(shown?["severity"] == 1)
            #expect(shown?["message"] == "bad\nin the agent's version, line 2: inte y;")
            #expect(shown?["data"]?["place"] == "sandbox")
            #expect(shown?["range"] == Wire.range(1, 0, 1, 0))
        }
    }

    @Test func onlyFilesThatLookDifferentArePublished() async throws {
        try await Harness.run(files: ["a.c": "a\n", "b.c": "b\n"]) { harness in
            try await harness.startSession()
            let a = Sample.diagnostic(path: "a.c")
            await harness.service.emit(Sample.diagnostics([a, Sample.diagnostic(path: "b.c")]))
            _ = try await (next(harness), next(harness))
            await harness.service.emit(Sample.diagnostics([a, Sample.diagnostic("other", path: "b.c")]))
            #expect(try await next(harness)["uri"]?.stringValue == harness.workspace.uri("b.c"))
            await harness.service.emit(Sample.diagnostics([a, Sample.diagnostic("other", path: "b.c")]))
            #expect(try await isQuiet(harness))
        }
    }

    @Test func notesInAnotherFileMoveWithIt() async throws {
        try await Harness.run(files: ["main.c": "x\n", "x.h": "int x;\n"]) { harness in
            let header = harness.workspace.uri("x.h")
            await harness.editor.open(header, "int x;\n")
            try await harness.startSession()
            let note = RelatedLocation(
                path: "x.h", range: TextRange(startLine: 1, startColumn: 5, endLine: 1, endColumn: 6), message: "here")
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic(related: [note])]))
            _ = try await next(harness)
            await harness.editor.change(header, version: 2, [edit(0, 0, 0, "\n\n")])
            let moved = try await next(harness)
            #expect(moved["uri"]?.stringValue == harness.workspace.uri("main.c"))
            let location = moved["diagnostics"]?[0]?["relatedInformation"]?[0]?["location"]
            #expect(location == ["uri": .string(header), "range": Wire.range(2, 4, 2, 5)])
        }
    }

    @Test func aClosedFileIsTheOneOnDisk() async throws {
        try await Harness.run(files: ["main.c": "one\ntwo\n"]) { harness in
            let uri = harness.workspace.uri("main.c")
            await harness.editor.open(uri, "one\ntwo\n")
            try await harness.startSession()
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic(line: 2)]))
            _ = try await next(harness)
            await harness.editor.change(uri, version: 2, [edit(0, 0, 0, "\n")])
            #expect(try await next(harness)["diagnostics"]?[0]?["range"] == Wire.range(2, 0, 2, 0))
            await harness.editor.notify("textDocument/didClose", ["textDocument": ["uri": .string(uri)]])
            let closed = try await next(harness)
            #expect(closed["version"] == nil)
            #expect(closed["diagnostics"]?[0]?["range"] == Wire.range(1, 0, 1, 0))
            try harness.workspace.write("main.c", "zero\none\ntwo\n")
            await harness.editor.notify(
                "workspace/didChangeWatchedFiles", ["changes": [["uri": .string(uri), "type": 2]]])
            #expect(try await next(harness)["diagnostics"]?[0]?["range"] == Wire.range(2, 0, 2, 0))
        }
    }

    @Test func tagsGoToClientsThatShowThem() async throws {
        for (client, expected) in [(Clients.rich, [1, 2] as JSON), (Clients.neovim072, .null), (Clients.bare, .null)] {
            try await Harness.run(client: client) { harness in
                try await harness.startSession()
                var diagnostic = Sample.diagnostic()
                diagnostic.tags = [.unnecessary, .deprecated]
                await harness.service.emit(Sample.diagnostics([diagnostic]))
                #expect(try await next(harness)["diagnostics"]?[0]?["tags"] ?? .null == expected)
            }
        }
    }

    @Test func failedTestsSayWhatWasWantedAndWhere() async throws {
        var failed = Sample.diagnostic("assertion failed", path: "t.py")
        failed.test = FailedTest(
            name: "t.py::one", expected: "4", actual: "5",
            stack: [
                RelatedLocation(
                    path: "lib.py", range: TextRange(startLine: 2, startColumn: 1, endLine: 2, endColumn: 1),
                    message: ""),
                RelatedLocation(path: "/usr/lib/python3/site.py", range: nil, message: "main"),
            ])
        let files = ["t.py": "one\n", "lib.py": "a\nb\n"]
        try await Harness.run(files: files) { harness in
            try await harness.startSession()
            await harness.service.emit(Sample.diagnostics([failed]))
            let shown = try await next(harness)["diagnostics"]?[0]
            #expect(shown?["message"] == "assertion failed\ntest: t.py::one\nexpected: 4\nactual: 5")
            #expect(shown?["data"]?["test"] == ["name": "t.py::one", "expected": "4", "actual": "5"])
            let frames = shown?["relatedInformation"]?.arrayValue
            #expect(frames?.count == 1, "only frames in the workspace")
            #expect(frames?.first?["message"] == "called from here")
            #expect(frames?.first?["location"]?["range"] == Wire.range(1, 0, 1, 0))
        }
        try await Harness.run(client: Clients.eglot19, files: files) { harness in
            try await harness.startSession()
            await harness.service.emit(Sample.diagnostics([failed]))
            let message = try await next(harness)["diagnostics"]?[0]?["message"]?.stringValue
            #expect(message?.hasSuffix("\nlib.py:2: called from here") == true)
        }
    }

    @Test func aFixOfTheToolIsAnEdit() async throws {
        try await Harness.run(files: ["main.c": "int 😀x\nint y\n"]) { harness in
            let uri = harness.workspace.uri("main.c")
            await harness.editor.open(uri, "// mine\nint 😀x\nint y\n", version: 7)
            try await harness.startSession()
            // The session got the buffer, the first line too.
            await harness.service.emit(
                Sample.diagnostics([
                    Sample.diagnostic(
                        "one", line: 2, column: 10, sourceLine: "int 😀x", fixes: [Sample.fix(line: 2, 10..<10, ";")]),
                    Sample.diagnostic("two", line: 3, column: 6, fixes: [Sample.fix(line: 3, 6..<6, ";")]),
                    Sample.diagnostic("again", line: 3, column: 6, fixes: [Sample.fix("again", line: 3, 6..<6, ";")]),
                ]))
            let published = try await next(harness)["diagnostics"]?[0] ?? .null
            await harness.editor.change(uri, version: 8, [edit(0, 0, 0, "\n")])
            let moved = try await next(harness)["diagnostics"]?[0] ?? .null
            #expect(published != moved)
            let actions = try await harness.editor.actions(uri, line: 2, diagnostics: [moved])
            let fix = actions.first { $0["title"]?.stringValue == "gcc: insert ';'" }
            // UTF-8 was negotiated.
            let edit: JSON = ["range": Wire.range(2, 9, 2, 9), "newText": ";"]
            #expect(
                fix?["edit"] == [
                    "documentChanges": [["textDocument": ["uri": .string(uri), "version": 8], "edits": [edit]]]
                ])
            #expect(fix?["kind"] == "quickfix")
            #expect(fix?["isPreferred"] == true)
            #expect(fix?["command"] == nil)
            #expect(fix?["diagnostics"] == [moved])
            let all = actions.first { $0["kind"]?.stringValue == "source.fixAll.cofferdam" }
            #expect(all?["title"] == "Cofferdam: apply all 2 fixes of the tools in this file")
            #expect(all?["edit"]?["documentChanges"]?[0]?["edits"]?.arrayValue?.count == 2, "the same place once")
        }
    }

    @Test func fixesThatNobodyAskedForAreNotOffered() async throws {
        try await Harness.run(files: ["main.c": "int y\n", "other.c": "int z\n"]) { harness in
            let uri = harness.workspace.uri("main.c")
            await harness.editor.open(uri, "int y\n")
            try await harness.startSession()
            let fixes = [
                Sample.fix("unopened", path: "other.c", line: 1, 6..<6, ";"),
                Sample.fix("hidden", line: 1, 6..<6, "\u{202E}"),
                Sample.fix("outside", path: "../x.c", line: 1, 6..<6, ";"), Sample.fix("beyond", line: 9, 1..<1, ";"),
                Sample.fix("wide", line: 1, 1..<99, ";"), DiagnosticFix(title: "empty", edits: []),
                DiagnosticFix(
                    title: "twice",
                    edits: Sample.fix(line: 1, 1..<4, "a").edits + Sample.fix(line: 1, 2..<3, "b").edits),
            ]
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic(fixes: fixes)]))
            _ = try await next(harness)
            let titles = try await harness.editor.actions(uri).compactMap { $0["title"]?.stringValue }
            #expect(titles.filter { !$0.hasPrefix("Cofferdam: ") } == [])
        }
    }
}
