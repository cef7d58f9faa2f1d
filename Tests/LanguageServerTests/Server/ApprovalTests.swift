import AgentProtocol
import JSON
import JSONRPC
import Testing

@testable import LanguageServer

@Suite(.timeLimit(.minutes(10))) struct ApprovalTests {
    private let request = AgentEvent.approvalRequested(ApprovalRequested(approval: Sample.approval()))

    @Test func plainClientsGetOneMessageThatNamesTheCommand() async throws {
        try await Harness.run(client: Clients.eglot19, options: ["showTranscript": "never"]) { harness in
            try await harness.startSession()
            _ = try await harness.editor.next("window/showMessage")
            await harness.service.emit(request)
            let messages = try await harness.editor.pending("window/showMessage")
            #expect(messages.count == 1)
            #expect(messages.first?["type"] == 3)
            #expect(
                messages.first?["message"]?.stringValue?.hasPrefix(
                    "Cofferdam (s1a2): waits for your approval: `make clean` (rule ask-shell)") == true)
            #expect(try await harness.editor.pending("window/showMessageRequest").isEmpty, "it would block the editor")
        }
    }

    @Test func clientsThatCanAskAreAsked() async throws {
        try await Harness.run(options: ["approve": true, "showTranscript": "never"]) { harness in
            try await harness.startSession()
            await harness.editor.answer("agent/approve", .result(["decision": "reject", "feedback": "not now"]))
            await harness.service.emit(request)
            let ask = try #require(harness.service.handlers?.approve)
            let answer = try await ask(.init(sessionId: "s1a2b3", approval: Sample.approval()))
            #expect(answer == .init(decision: .reject, feedback: "not now"))
            let asked = try await harness.editor.next("agent/approve").params
            #expect(asked["approval"]?["command"] == "make clean")
            #expect(try await harness.editor.pending("window/showMessage").isEmpty)
        }
    }

    @Test func withdrawnQuestionsAreWithdrawnInTheEditor() async throws {
        try await Harness.run(options: ["approve": true]) { harness in
            try await harness.startSession()
            await harness.editor.answer("agent/approve", .hold)
            let ask = try #require(harness.service.handlers?.approve)
            let task = Task { try await ask(.init(sessionId: "s1a2b3", approval: Sample.approval())) }
            let asked = try await harness.editor.next("agent/approve")
            task.cancel()
            let cancel = try await harness.editor.next("$/cancelRequest").params
            #expect(cancel["id"] == asked.id)
            await #expect(throws: CancellationError.self) { try await task.value }
            // A late answer hurts nobody.
            await harness.editor.reply(try #require(asked.id), .result(["decision": "allowOnce"]))
            #expect(try await harness.editor.actions("file:///a").count > 0)
        }
    }

    @Test func anEditorThatCannotAskAfterAllGetsTheMessage() async throws {
        try await Harness.run(options: ["approve": true, "showTranscript": "never"]) { harness in
            try await harness.startSession()
            let ask = try #require(harness.service.handlers?.approve)
            await #expect(throws: ResponseError.self) {
                try await ask(.init(sessionId: "s1a2b3", approval: Sample.approval()))
            }
            let message = try await harness.editor.next("window/showMessage").params["message"]?.stringValue
            #expect(message?.contains("`make clean`") == true)
        }
    }

    @Test func editorsThatFollowTheEventsAskTheirUserThemselves() async throws {
        try await Harness.run(options: ["progress": true]) { harness in
            try await harness.startSession()
            await harness.service.emit(request)
            #expect(try await harness.editor.pending("window/showMessage").isEmpty)
            #expect(try await harness.editor.pending("agent/progress").count == 1)
        }
    }

    @Test func capabilityIsOnlyDeclaredWhenTheEditorHasIt() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            #expect(harness.service.handlers?.approve == nil)
        }
    }

    @Test func theOnlyPendingOneNeedsNoName() async throws {
        try await Harness.run { harness in
            try await harness.startSession()
            await #expect(throws: ResponseError.self) { try await harness.editor.command("cofferdam.approve") }
            await harness.service.emit(request)
            _ = try await harness.editor.command("cofferdam.approve", ["decision": "allowSession"])
            #expect(harness.service.calls("agent/approve").first?["decision"] == "allowSession")
            await harness.service.emit(
                .approvalRequested(ApprovalRequested(approval: Sample.approval("a2", command: "ls"))))
            do {
                _ = try await harness.editor.command("cofferdam.reject")
                Issue.record("was ambiguous")
            } catch let error as ResponseError {
                #expect(error.message.contains("`make clean`") && error.message.contains("`ls`"))
            }
            _ = try await harness.editor.command("cofferdam.reject", ["approvalId": "a2", "feedback": "no"])
            let answer = harness.service.calls("agent/approve").last
            #expect(answer?["feedback"] == "no")
        }
    }

    @Test func lateAnswersAreToldWhoWon() async throws {
        try await Harness.run(options: ["showTranscript": "never"]) { harness in
            try await harness.startSession()
            harness.service.respond("agent/approve") { _ in
                [
                    "accepted": false,
                    "resolution": ["approvalId": "a1", "cause": "answered", "decision": "reject", "answeredBy": "web"],
                ]
            }
            _ = try await harness.editor.command("cofferdam.approve", ["sessionId": "s1a2b3", "approvalId": "a1"])
            let message = try await harness.editor.next("window/showMessage").params["message"]
            #expect(message == "Cofferdam (s1a2): this was settled already: Rejected by web")
        }
    }
}
