import AgentProtocol
import JSON
import JSONRPC
import Testing

@testable import LanguageServer

@Suite(.timeLimit(.minutes(10))) struct CodeActionTests {
    private let problem: JSON = [
        "range": Wire.range(0, 0, 0, 1), "message": "unknown type", "source": "clangd", "vendor": ["kept": true],
    ]

    private func titles(_ actions: [JSON]) -> [String] { actions.compactMap { $0["title"]?.stringValue } }

    /// Does what a client does with a chosen action.
    private func choose(_ title: String, _ actions: [JSON], _ harness: Harness) async throws -> JSON {
        let action = try #require(actions.first { $0["title"]?.stringValue == title })
        let command = try #require(action["command"]?.objectValue)
        var params: JSON = ["command": command["command"] ?? .null]
        params["arguments"] = command["arguments"]
        return try await harness.editor.request("workspace/executeCommand", params)
    }

    @Test func fixesWhatTheClientShows() async throws {
        try await Harness.run { harness in
            let uri = harness.workspace.uri("a.c")
            await harness.editor.open(uri, "x\n")
            let actions = try await harness.editor.actions(uri, diagnostics: [problem])
            #expect(titles(actions) == ["Cofferdam: fix this"])
            #expect(actions[0]["kind"] == "quickfix")
            #expect(actions[0]["diagnostics"] == [problem], "untouched")
            _ = try await choose("Cofferdam: fix this", actions, harness)
            let start = harness.service.calls("agent/start").first
            #expect(start?["prompt"] == "Fix this problem in a.c: unknown type")
            #expect(start?["context"]?["diagnostics"]?[0]?["path"] == "a.c")
            #expect(start?["context"]?["diagnostics"]?[0]?["tool"] == "clangd")
        }
    }

    @Test func fixesOursWhenTheClientGivesNone() async throws {
        try await Harness.run { harness in
            let uri = harness.workspace.uri("main.c")
            await harness.editor.open(uri, "a\nb\nc\n")
            try await harness.startSession()
            await harness.service.emit(
                Sample.diagnostics([Sample.diagnostic("one", line: 1), Sample.diagnostic("two", line: 3)]))
            await harness.service.emit(Sample.turnCompleted(.unverified))
            let here = try await harness.editor.actions(uri, line: 2)
            #expect(titles(here) == ["Cofferdam: fix this", "Cofferdam: fix all 2 in this file"])
            _ = try await choose("Cofferdam: fix all 2 in this file", here, harness)
            let start = harness.service.calls("agent/start").last
            #expect(start?["prompt"] == "Fix the 2 problems in main.c.")
            #expect(start?["context"]?["diagnostics"]?.arrayValue?.map { $0["range"]?["startLine"] } == [1, 3])
            #expect(titles(try await harness.editor.actions(uri, line: 1)) == ["Cofferdam: fix all 2 in this file"])
        }
    }

    @Test func wishesInComments() async throws {
        try await Harness.run { harness in
            let uri = harness.workspace.uri("a.c")
            await harness.editor.open(uri, "int x;\n// cofferdam: rename x to größe\n")
            let actions = try await harness.editor.actions(uri, line: 1)
            #expect(titles(actions) == ["Cofferdam: do “rename x to größe”"])
            #expect(try await harness.editor.actions(uri, line: 0).isEmpty)
            _ = try await choose("Cofferdam: do “rename x to größe”", actions, harness)
            let start = harness.service.calls("agent/start").first
            #expect(start?["prompt"] == "rename x to größe")
            #expect(start?["context"]?["selections"]?[0]?["range"]?["startLine"] == 2)
        }
    }

    @Test func pendingApprovalsAreOfferedEverywhereAndToldApart() async throws {
        try await Harness.run { harness in
            try await harness.startSession("tidy up")
            harness.service.respond("agent/start") { _ in ["sessionId": "s1a2xx", "seq": 0] }
            try await harness.startSession("tidy more")
            await harness.service.emit(.approvalRequested(ApprovalRequested(approval: Sample.approval("a1"))))
            await harness.service.emit(.approvalRequested(ApprovalRequested(approval: Sample.approval("a2"))))
            await harness.service.emit(
                .approvalRequested(ApprovalRequested(approval: Sample.approval("a3"))), session: "s1a2xx")
            let actions = try await harness.editor.actions("file:///anywhere.txt")
            let titles = titles(actions)
            #expect(Set(titles).count == titles.count, "some clients know the chosen action by its title only")
            #expect(titles.contains("Cofferdam: approve `make clean` (s1a2x)"))
            #expect(titles.contains("Cofferdam: approve `make clean` (s1a2b)"))
            #expect(titles.contains("Cofferdam: approve `make clean` (s1a2b) #2"))
            #expect(titles.contains("Cofferdam: cancel “tidy up” (s1a2b)"))
            #expect(actions.allSatisfy { $0["kind"] == "source.cofferdam" })

            _ = try await choose("Cofferdam: approve `make clean` (s1a2b) #2", actions, harness)
            _ = try await choose("Cofferdam: reject `make clean` (s1a2x)", actions, harness)
            let answers = harness.service.calls("agent/approve")
            #expect(answers.map { $0["approvalId"] } == ["a2", "a3"])
            #expect(answers.map { $0["decision"] } == ["allowOnce", "reject"])
        }
    }

    @Test func resolvedApprovalsAreGone() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            await harness.service.emit(.approvalRequested(ApprovalRequested(approval: Sample.approval())))
            await harness.service.emit(
                .approvalResolved(ApprovalResolved(resolution: .init(approvalId: "a1", cause: .timedOut))))
            let titles = titles(try await harness.editor.actions("file:///a"))
            #expect(!titles.contains { $0.contains("approve") || $0.contains("reject") })
        }
    }

    @Test func longCommandsSayWhatIsMissing() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            let command = String(repeating: "x", count: 200) + "; rm -rf ~"
            await harness.service.emit(
                .approvalRequested(ApprovalRequested(approval: Sample.approval(command: command))))
            let titles = titles(try await harness.editor.actions("file:///a"))
            #expect(titles.contains { $0.contains("… (90 more characters, see the transcript)") })
            let message = try await harness.editor.next("window/showMessage").params["message"]?.stringValue ?? ""
            #expect(message.contains("; rm -rf ~`"), "the message shows it in full")
        }
    }

    @Test func onlyTheKindsAskedFor() async throws {
        try await Harness.run { harness in
            let uri = harness.workspace.uri("a.c")
            await harness.editor.open(uri, "// agent: x\n")
            try await harness.startSession()
            func count(_ only: [JSON]) async throws -> Int {
                var params = Wire.codeAction(uri, line: 0, diagnostics: [problem])
                params["context"]?["only"] = .array(only)
                return try await harness.editor.request("textDocument/codeAction", params).arrayValue?.count ?? -1
            }
            #expect(try await count(["source.fixAll"]) == 0, "nothing of ours runs on save")
            #expect(try await count(["refactor"]) == 0)
            #expect(try await count(["quickfix"]) == 2)
            #expect(try await count(["source"]) == 2, "cancel and transcript")
            #expect(try await count([""]) == 4)
        }
    }

    @Test func clientsWithoutLiteralsGetCommands() async throws {
        try await Harness.run(client: Clients.bare) { harness in
            let actions = try await harness.editor.actions(harness.workspace.uri("a.c"), diagnostics: [problem])
            #expect(actions.count == 1)
            #expect(actions[0]["title"] == "Cofferdam: fix this")
            #expect(actions[0]["command"] == "cofferdam.fixDiagnostics")
            #expect(actions[0]["kind"] == nil)
        }
    }

    @Test func unreadableDiagnosticsAreLeftOut() async throws {
        try await Harness.run { harness in
            let uri = harness.workspace.uri("a.c")
            let actions = try await harness.editor.actions(uri, diagnostics: [3, "x", ["message": 1]])
            #expect(titles(actions).first == "Cofferdam: fix these 3")
            await #expect(throws: ResponseError.self) { try await choose("Cofferdam: fix these 3", actions, harness) }
        }
    }
}
