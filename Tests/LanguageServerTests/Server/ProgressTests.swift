import AgentProtocol
import JSON
import JSONRPC
import Testing

@testable import LanguageServer

@Suite(.timeLimit(.minutes(10))) struct ProgressTests {
    private func value(_ harness: Harness) async throws -> JSON {
        try await harness.editor.next("$/progress").params["value"] ?? .null
    }

    @Test func createBeginReportEnd() async throws {
        try await Harness.run { harness in
            try await harness.startSession("repair the parser")
            let token = try await harness.editor.next("window/workDoneProgress/create").params["token"]
            let begin = try await harness.editor.next("$/progress").params
            #expect(begin["token"] == token)
            #expect(
                begin["value"] == [
                    "kind": "begin", "title": "Cofferdam", "cancellable": true, "message": "repair the parser",
                ])

            await harness.service.emit(Sample.turnStarted("repair the parser"))
            for text in ["one\n", "two\n", "three"] {
                await harness.service.emit(.messageDelta(MessageDelta(itemId: "m", text: text)))
            }
            await harness.clock.advance(by: .milliseconds(100))
            #expect(try await value(harness) == ["kind": "report", "cancellable": true, "message": "three"])

            await harness.service.emit(.messageDelta(MessageDelta(itemId: "m", text: "\nfour")))
            #expect(try await harness.editor.pending("$/progress").isEmpty, "not before the pause is over")
            await harness.service.emit(Sample.turnCompleted())
            #expect(try await value(harness) == ["kind": "end", "message": "verified: all checks passed"])
            await harness.clock.advance(by: .milliseconds(100))
            await harness.service.emit(.messageDelta(MessageDelta(itemId: "m", text: "\nlate")))
            #expect(try await harness.editor.pending("$/progress").isEmpty)
        }
    }

    @Test func nothingIsReportedBeforeTheClientKnowsTheToken() async throws {
        try await Harness.run { harness in
            await harness.editor.answer("window/workDoneProgress/create", .hold)
            try await harness.startSession()
            let create = try await harness.editor.next("window/workDoneProgress/create")
            await harness.service.emit(Sample.turnStarted())
            await harness.service.emit(Sample.turnCompleted())
            #expect(try await harness.editor.pending("$/progress").isEmpty)
            await harness.editor.reply(try #require(create.id), .result(.null))
            #expect(try await value(harness)["kind"] == "begin")
            #expect(try await value(harness)["kind"] == "end")
        }
    }

    @Test func refusedTokenIsNotUsed() async throws {
        try await Harness.run { harness in
            await harness.editor.answer(
                "window/workDoneProgress/create", .error(ResponseError(code: .internalError, message: "no")))
            try await harness.startSession()
            await harness.service.emit(Sample.turnStarted())
            let message = try await harness.editor.next("window/showMessage").params["message"]?.stringValue
            #expect(message == "Cofferdam (s1a2): started: fix it")
            await harness.service.emit(Sample.turnCompleted())
            #expect(try await harness.editor.pending("$/progress").isEmpty)
        }
    }

    @Test func eachTurnHasItsOwn() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            let first = try await harness.editor.next("window/workDoneProgress/create").params["token"]
            _ = try await value(harness)
            await harness.service.emit(Sample.turnCompleted())
            #expect(try await value(harness)["kind"] == "end")
            await harness.service.emit(Sample.turnStarted("more"))
            let second = try await harness.editor.next("window/workDoneProgress/create").params["token"]
            #expect(first != second)
            #expect(try await value(harness)["kind"] == "begin")
        }
    }

    @Test func cancelButtonCancelsTheTurn() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            let token = try await harness.editor.next("window/workDoneProgress/create").params["token"] ?? .null
            await harness.editor.notify("window/workDoneProgress/cancel", ["token": "another"])
            await harness.editor.notify("window/workDoneProgress/cancel", ["token": token])
            #expect(await harness.service.nextCall("agent/cancel") == ["sessionId": "s1a2b3"])
            #expect(harness.service.calls("agent/cancel").isEmpty)
        }
    }

    @Test func clientsWithoutProgressGetAMessageAtStartAndEnd() async throws {
        try await Harness.run(client: Clients.eglot19, options: ["showTranscript": "never"]) { harness in
            try await harness.startSession("repair the parser\nsecond line")
            await harness.service.emit(Sample.turnStarted())
            await harness.service.emit(.messageDelta(MessageDelta(itemId: "m", text: "working")))
            await harness.service.emit(Sample.turnCompleted())
            let messages = try await harness.editor.pending("window/showMessage").map { $0["message"]?.stringValue }
            #expect(
                messages == [
                    "Cofferdam (s1a2): started: repair the parser",
                    "Cofferdam (s1a2): verified: all checks passed",
                ])
            #expect(try await harness.editor.pending("$/progress").isEmpty)
            #expect(try await harness.editor.pending("window/workDoneProgress/create").isEmpty)
        }
    }

    @Test func waitingForTheUserIsSaid() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            _ = try await value(harness)
            await harness.service.emit(.approvalRequested(ApprovalRequested(approval: Sample.approval())))
            await harness.clock.advance(by: .milliseconds(100))
            #expect(try await value(harness)["message"] == "waiting for your approval: make clean")
        }
    }

    @Test func failedSessionsEndTheirProgress() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            _ = try await value(harness)
            await harness.service.emit(
                .sessionStatus(SessionStatusEvent(state: .failed, reason: "the sandbox did not boot")))
            #expect(try await value(harness) == ["kind": "end", "message": "failed: the sandbox did not boot"])
            let message = try await harness.editor.next("window/showMessage").params
            #expect(message == ["type": 1, "message": "Cofferdam (s1a2): failed: the sandbox did not boot"])
        }
    }
}
