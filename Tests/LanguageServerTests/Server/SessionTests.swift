import AgentProtocol
import JSON
import JSONRPC
import ServiceClient
import Testing

@testable import LanguageServer

@Suite(.timeLimit(.minutes(10))) struct SessionTests {
    @Test func methodsPassThrough() async throws {
        try await Harness.run { harness in
            _ = try await harness.editor.request("agent/cancel", ["sessionId": "x"])
            _ = try await harness.editor.request("agent/stop", ["sessionId": "x"])
            _ = try await harness.editor.request("agent/prompt", ["sessionId": "x", "text": "t", "delivery": "steer"])
            #expect(try await harness.editor.request("agent/list", ["limit": 5]) == ["sessions": []])
            _ = try await harness.editor.request(
                "agent/approve",
                ["sessionId": "x", "approvalId": "a", "decision": "allowEdited", "arguments": ["k": 1]])
            #expect(
                harness.service.calls("agent/prompt").first == ["sessionId": "x", "text": "t", "delivery": "steer"])
            #expect(harness.service.calls("agent/list").first == ["limit": 5])
            #expect(harness.service.calls("agent/approve").first?["arguments"] == ["k": 1])
        }
    }

    @Test func errorsOfTheServicePassThrough() async throws {
        try await Harness.run { harness in
            harness.service.respond("agent/stop") { _ in
                throw ResponseError(code: ErrorCode(-31234), message: "no such session")
            }
            do {
                try await harness.editor.request("agent/stop", ["sessionId": "x"])
                Issue.record("no error")
            } catch let error as ResponseError {
                #expect(error.code.rawValue == -31234 && error.message == "no such session")
            }
        }
    }

    @Test func commandsMeanTheNewestSessionThatFits() async throws {
        try await Harness.run { harness in
            for name in ["cancel", "stop", "apply", "prompt", "showTranscript"] {
                await #expect(throws: ResponseError.self, "\(name)") {
                    try await harness.editor.command("cofferdam.\(name)", ["text": "t"])
                }
            }
            try await harness.startSession()
            harness.service.respond("agent/start") { _ in ["sessionId": "s2", "seq": 0] }
            try await harness.startSession()
            await harness.service.emit(Sample.turnCompleted(.answered), session: "s2")
            _ = try await harness.editor.command("cofferdam.cancel")
            _ = try await harness.editor.command("cofferdam.stop")
            _ = try await harness.editor.command("cofferdam.prompt", ["text": "more"])
            #expect(harness.service.calls("agent/cancel") == [["sessionId": "s1a2b3"]], "s2 is idle")
            #expect(harness.service.calls("agent/stop") == [["sessionId": "s2"]])
            #expect(harness.service.calls("agent/prompt").first?["sessionId"] == "s2")
            #expect(try await harness.editor.command("cofferdam.list") == ["sessions": []])
        }
    }

    @Test func attachingShowsWhereItStandsNotAllThatHappened() async throws {
        try await Harness.run(options: ["progress": false, "showTranscript": "never"]) { harness in
            harness.service.describe(Sample.summary("old", folder: harness.workspace.path))
            harness.service.log(Sample.turnStarted(), session: "old")
            harness.service.log(.approvalRequested(ApprovalRequested(approval: Sample.approval("a1"))), session: "old")
            harness.service.log(
                .approvalResolved(ApprovalResolved(resolution: .init(approvalId: "a1", cause: .timedOut))),
                session: "old")
            harness.service.log(Sample.diagnostics([Sample.diagnostic("first")]), session: "old")
            harness.service.log(Sample.diagnostics([Sample.diagnostic("second")]), session: "old")
            harness.service.log(
                .approvalRequested(ApprovalRequested(approval: Sample.approval("a2", command: "ls"))), session: "old")
            let result = try await harness.editor.request("agent/attach", ["sessionId": "old"])
            #expect(result["seq"] == 6)
            let messages = try await harness.editor.pending("window/showMessage").compactMap {
                $0["message"]?.stringValue
            }
            #expect(messages.count == 1)
            #expect(messages.first?.contains("`ls`") == true)
            let published = try await harness.editor.pending("textDocument/publishDiagnostics")
            #expect(published.map { $0["diagnostics"]?[0]?["message"] } == ["second"])
            #expect(try await harness.editor.next("$/progress").params["value"]?["kind"] == "begin")
            // From here on it is news.
            await harness.service.emit(Sample.turnCompleted(), session: "old")
            #expect(try await harness.editor.next("window/showMessage").params["message"] != nil)
        }
    }

    @Test func replayForTheShimIsForwardedButNotCountedTwice() async throws {
        try await Harness.run(options: ["progress": true]) { harness in
            try await harness.startSession()
            await harness.service.emit(Sample.turnStarted())
            await harness.service.emit(.messageCompleted(MessageCompleted(itemId: "m", text: "once")))
            harness.service.describe(Sample.summary("s1a2b3", folder: harness.workspace.path))
            _ = try await harness.editor.request("agent/attach", ["sessionId": "s1a2b3", "afterSeq": 1])
            #expect(try await harness.editor.pending("agent/progress").map { $0["seq"] } == [1, 2, 2])
            #expect(harness.transcript().components("once") == 1)
        }
    }

    @Test func attachAfterTheBeginningKnowsThePendingApprovals() async throws {
        try await Harness.run { harness in
            harness.service.describe(
                Sample.summary("old", folder: harness.workspace.path, state: .waiting, approvals: [Sample.approval()]))
            _ = try await harness.editor.request("agent/attach", ["sessionId": "old", "afterSeq": 10])
            let titles = try await harness.editor.actions("file:///a").compactMap { $0["title"]?.stringValue }
            #expect(titles.contains("Cofferdam: approve `make clean` (old)"))
        }
    }

    @Test func detachEndsWhatTheEditorShows() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            await harness.service.emit(Sample.diagnostics([Sample.diagnostic()]))
            _ = try await harness.editor.next("textDocument/publishDiagnostics")
            #expect(try await harness.editor.next("$/progress").params["value"]?["kind"] == "begin")
            _ = try await harness.editor.request("agent/detach", ["sessionId": "s1a2b3"])
            #expect(try await harness.editor.next("$/progress").params["value"]?["kind"] == "end")
            #expect(try await harness.editor.next("textDocument/publishDiagnostics").params["diagnostics"] == [])
            await harness.service.emit(Sample.turnStarted())
            #expect(try await harness.editor.pending("window/workDoneProgress/create").count == 1)
        }
    }

    @Test func unreachableServiceIsAnsweredInWords() async throws {
        struct Refused: Error, CustomStringConvertible {
            var description: String { "the service does not accept the token" }
        }
        try await Harness.run(makeServiceFails: Refused()) { harness in
            for _ in 0..<3 {
                do {
                    try await harness.editor.request("agent/list")
                    Issue.record("no error")
                } catch let error as ResponseError {
                    #expect(error.code == .requestFailed)
                    #expect(error.message == "the service does not accept the token")
                }
            }
            // The editor shows the answer: a message beside it would say everything twice.
            #expect(try await harness.editor.pending("window/showMessage").isEmpty)
        }
    }

    @Test func brokenConnectionsAreSaid() async throws {
        try await Harness.run(options: ["showTranscript": "never"]) { harness in
            try await harness.startSession()
            _ = try await harness.editor.next("$/progress")
            let changed = try #require(harness.service.handlers?.connectionChanged)
            await changed(.connected)
            await changed(.reconnecting(reason: "reset"))
            await changed(.reconnecting(reason: "reset again"))
            await changed(.connected)
            await changed(.lost(reason: "gone for good"))
            let messages = try await harness.editor.pending("window/showMessage").map { $0["message"]?.stringValue }
            #expect(
                messages == [
                    "Cofferdam: the service is away, reconnecting: reset", "Cofferdam: the service is back",
                    "Cofferdam: the service is lost: gone for good",
                ])
            let ends = try await harness.editor.pending("$/progress").filter { $0["value"]?["kind"] == "end" }
            #expect(ends.count == 1)
        }
    }

    @Test func transcriptGrowsAndIsShown() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            let shown = try await harness.editor.next("window/showDocument").params
            let path =
                try await harness.editor.request("agent/transcript", ["sessionId": "s1a2b3"])["path"]?.stringValue ?? ""
            #expect(path == "\(harness.stateFolder.path)/transcripts/s1a2b3.md")
            #expect(shown == ["uri": .string(FileURI.uri(of: path)), "external": false, "takeFocus": false])
            await harness.service.emit(Sample.turnStarted("fix it"))
            await harness.service.emit(.messageDelta(MessageDelta(itemId: "m", text: "half a sen")))
            #expect(harness.transcript().hasSuffix("### Agent\n\nhalf a sen"), "flushed at once")
            await #expect(throws: ResponseError.self) {
                try await harness.editor.request("agent/transcript", ["sessionId": "other"])
            }
        }
    }

    @Test func clientsWithoutShowDocumentAreToldThePath() async throws {
        try await Harness.run(client: Clients.neovim072) { harness in
            try await harness.startSession()
            let message = try await harness.editor.next("window/showMessage").params["message"]
            #expect(
                message?.stringValue
                    == "Cofferdam (s1a2): transcript: \(harness.stateFolder.path)/transcripts/s1a2b3.md")
            #expect(try await harness.editor.pending("window/showDocument").isEmpty)
        }
    }

    @Test func noTranscriptWhenNotWished() async throws {
        try await Harness.run(options: ["transcript": false]) { harness in
            try await harness.startSession()
            await harness.service.emit(Sample.turnStarted())
            #expect(harness.stateFolder.names.isEmpty)
            await #expect(throws: ResponseError.self) {
                try await harness.editor.request("agent/transcript", ["sessionId": "s1a2b3"])
            }
        }
    }

    @Test func aTranscriptThatCannotBeKeptIsNoReasonToFail() async throws {
        try await Harness.run { harness in
            try harness.stateFolder.write("transcripts", "a file is in the way")
            try await harness.startSession()
            await harness.service.emit(Sample.turnStarted())
            await harness.service.emit(Sample.turnCompleted())
            let messages = try await harness.editor.pending("window/showMessage").compactMap {
                $0["message"]?.stringValue
            }
            #expect(messages.filter { $0.contains("the transcript is not kept") }.count == 1)
            #expect(messages.contains { $0.contains("verified") })
        }
    }

    @Test func traceIsOptIn() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            let changed = try #require(harness.service.handlers?.connectionChanged)
            await changed(.connected)
            #expect(try await harness.editor.pending("$/logTrace").isEmpty)
            await harness.editor.notify("$/setTrace", ["value": "messages"])
            _ = try await harness.editor.pending("$/logTrace")
            await changed(.connected)
            #expect(try await harness.editor.next("$/logTrace").params["message"] == "connected to the service")
        }
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}
