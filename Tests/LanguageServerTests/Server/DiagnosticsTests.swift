import AgentProtocol
import JSON
import Testing

@testable import LanguageServer

@Suite(.timeLimit(.minutes(10))) struct DiagnosticsTests {
    private func next(_ harness: Harness) async throws -> JSON {
        try await harness.editor.next("textDocument/publishDiagnostics").params
    }

    @Test func everythingThatTheClientDeclared() async throws {
        try await Harness.run { harness in
            let text = MarkedText("int x = 1️⃣y2️⃣\nint z;3️⃣\n")
            let uri = harness.workspace.uri("main.c")
            await harness.editor.open(uri, text.text, version: 5)
            try await harness.startSession()
            let note = RelatedLocation(
                path: "main.c", range: TextRange(startLine: 2, startColumn: 7, endLine: 2, endColumn: 7),
                message: "here")
            await harness.service.emit(
                Sample.diagnostics([
                    Sample.diagnostic(
                        "y is unknown", line: 1, column: text["1️⃣"].column + 1, endColumn: text["2️⃣"].column + 1,
                        related: [note])
                ]))
            #expect(
                try await next(harness) == [
                    "uri": .string(uri), "version": 5,
                    "diagnostics": [
                        [
                            "range": Wire.range(0, 8, 0, 9), "severity": 1, "code": "E1",
                            "codeDescription": ["href": "https://example.org/E1"], "source": "gcc",
                            "message": "y is unknown",
                            "relatedInformation": [
                                [
                                    "location": ["uri": .string(uri), "range": Wire.range(1, 6, 1, 6)],
                                    "message": "here",
                                ]
                            ],
                            "data": ["sessionId": "s1a2b3", "check": "build", "fingerprint": "f00d"],
                        ]
                    ],
                ])
        }
    }

    @Test func nothingThatTheClientDidNotDeclare() async throws {
        try await Harness.run(client: Clients.eglot19) { harness in
            try await harness.startSession()
            let note = RelatedLocation(path: "x.h", range: nil, message: "declared here")
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic("bad", related: [note])]))
            let diagnostic = try await next(harness)["diagnostics"]?[0]
            #expect(diagnostic?["message"] == "bad\nx.h: declared here")
            #expect(diagnostic?["relatedInformation"] == nil)
            #expect(diagnostic?["data"] == nil)
            #expect(diagnostic?["codeDescription"] != nil, "eglot 1.9 shows it")
        }
    }

    @Test func unopenedFilesAreMappedThroughTheirText() async throws {
        try await Harness.run(client: Clients.neovim072, files: ["dir/ä b.c": "😀x\n"]) { harness in
            try await harness.startSession()
            await harness.service.emit(
                Sample.diagnostics([Sample.diagnostic(path: "dir/ä b.c", column: 5, endColumn: 6)]))
            let published = try await next(harness)
            #expect(published["uri"]?.stringValue?.hasSuffix("/dir/%C3%A4%20b.c") == true)
            #expect(published["version"] == nil)
            #expect(published["diagnostics"]?[0]?["range"] == Wire.range(0, 2, 0, 3))
        }
    }

    @Test func filesOnlyInTheSandboxAreReportedToo() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic(path: "new.c", line: 7, column: 3)]))
            #expect(try await next(harness)["diagnostics"]?[0]?["range"] == Wire.range(6, 2, 6, 2))
        }
    }

    @Test func clearedWhenFixedStoppedOrApplied() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            await harness.service.emit(
                Sample.diagnostics([Sample.diagnostic(path: "a.c"), Sample.diagnostic(path: "b.c")]))
            #expect(try await next(harness)["diagnostics"]?.arrayValue?.count == 1)
            #expect(try await next(harness)["diagnostics"]?.arrayValue?.count == 1)
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic(path: "b.c")]))
            let cleared = try await next(harness)
            #expect(cleared["uri"]?.stringValue == harness.workspace.uri("a.c"))
            #expect(cleared["diagnostics"] == [])
            #expect(try await harness.editor.pending("textDocument/publishDiagnostics").isEmpty, "b.c is as it was")
            await harness.service.emit(
                .resultApplied(ResultApplied(applied: ["b.c"], conflicts: [], treeHash: "t", client: "cli")))
            #expect(try await next(harness)["diagnostics"] == [])

            await harness.service.emit(Sample.diagnostics([Sample.diagnostic(path: "a.c")]))
            _ = try await next(harness)
            await harness.service.emit(.sessionStatus(SessionStatusEvent(state: .stopped, reason: "asked")))
            #expect(try await next(harness)["diagnostics"] == [])
            #expect(try await harness.editor.pending("textDocument/publishDiagnostics").isEmpty)
        }
    }

    @Test func sessionsAreMergedByFile() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            harness.service.respond("agent/start") { _ in ["sessionId": "s9", "seq": 0] }
            try await harness.startSession()
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic("one")]))
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic("two")]), session: "s9")
            _ = try await next(harness)
            let both = try await next(harness)["diagnostics"]?.arrayValue?.map { $0["message"] }
            #expect(both == ["one", "two"])
            await harness.service.emit(.sessionStatus(SessionStatusEvent(state: .stopped, reason: "x")))
            #expect(try await next(harness)["diagnostics"]?.arrayValue?.map { $0["message"] } == ["two"])
        }
    }

    @Test func openingAFileRepeatsThemUnderTheClientsSpelling() async throws {
        try await Harness.run(files: ["a+b.c": "x\n"]) { harness in
            try await harness.startSession()
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic(path: "a+b.c")]))
            let first = try await next(harness)["uri"]
            await harness.editor.open(harness.workspace.uri("a+b.c"), "x\n", version: 3)
            let cleared = try await next(harness)
            #expect(cleared == ["uri": first ?? .null, "diagnostics": []])
            let again = try await next(harness)
            #expect(again["uri"]?.stringValue == harness.workspace.uri("a+b.c"))
            #expect(again["version"] == 3)
        }
    }

    @Test func linesAreTheUsersNotTheSandboxs() async throws {
        try await Harness.run(files: ["main.c": "int x;\nint y\n"]) { harness in
            try await harness.startSession()
            let changes = LineChanges(
                path: "main.c", hunks: [LineHunk(oldStart: 1, oldCount: 0, newStart: 1, newCount: 2)])
            await harness.service.emit(
                Sample.diagnostics([Sample.diagnostic(line: 4, column: 6)], changes: [changes]))
            #expect(try await next(harness)["diagnostics"]?[0]?["range"] == Wire.range(1, 5, 1, 5))
        }
    }

    @Test func foldersThatOnlyTheServiceNamesGetNone() async throws {
        try await Harness.run { harness in
            harness.service.describe(Sample.summary("other", folder: "/elsewhere"))
            harness.service.log(Sample.diagnostics([Sample.diagnostic()]), session: "other")
            _ = try await harness.editor.request("agent/attach", ["sessionId": "other"])
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic()]), session: "other")
            #expect(try await harness.editor.pending("textDocument/publishDiagnostics").isEmpty)
        }
    }

    @Test func hostileDiagnosticsHurtNobody() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            var strange = Sample.diagnostic("\u{1B}[31mred\u{202E}", path: "ok.c", line: .max, column: .min)
            strange.codeURL = "javascript:alert(1)"
            await harness.service.emit(
                Sample.diagnostics([
                    Sample.diagnostic(path: "../../etc/passwd"), Sample.diagnostic(path: "/etc/passwd"),
                    Sample.diagnostic(path: ""), strange,
                ]))
            let published = try await next(harness)
            #expect(published["uri"]?.stringValue == harness.workspace.uri("ok.c"))
            #expect(published["diagnostics"]?[0]?["message"] == "red\\u{202E}")
            #expect(published["diagnostics"]?[0]?["codeDescription"] == nil)
            #expect(try await harness.editor.pending("textDocument/publishDiagnostics").isEmpty)
        }
    }
}
