import JSON
import JSONRPC
import Synchronization
import Testing

@testable import LanguageServer

@Suite(.timeLimit(.minutes(10))) struct LifecycleTests {
    private func code(_ body: () async throws -> Void) async -> ErrorCode? {
        do {
            try await body()
            return nil
        } catch { return (error as? ResponseError)?.code }
    }

    @Test func beforeInitializeEverythingIsRefused() async throws {
        try await Harness.start { harness, _ in
            for method in ["shutdown", "workspace/executeCommand", "agent/list", "no/such"] {
                #expect(await code { try await harness.editor.request(method) } == .serverNotInitialized)
            }
            await harness.editor.open("file:///a", "ignored")
            try await harness.initialize()
            #expect(harness.service.callCount == 0)
        }
    }

    @Test func initializeSaysWhatThereIs() async throws {
        try await Harness.start { harness, _ in
            let result = try await harness.initialize()
            #expect(result["serverInfo"] == ["name": "cofferdam", "version": "1.2.3"])
            let capabilities = result["capabilities"]
            #expect(capabilities?["positionEncoding"] == "utf-8")
            #expect(capabilities?["textDocumentSync"]?["change"] == 2)
            #expect(
                capabilities?["codeActionProvider"]?["codeActionKinds"] == [
                    "quickfix", "source.fixAll.cofferdam", "source.cofferdam",
                ])
            let commands = capabilities?["executeCommandProvider"]?["commands"]?.arrayValue ?? []
            #expect(commands.contains("cofferdam.start") && commands.contains("cofferdam.showTranscript"))
            let cofferdam = capabilities?["experimental"]?["cofferdam"]
            #expect(cofferdam?["protocolVersion"] == 1)
            #expect(cofferdam?["methods"]?.arrayValue?.contains("agent/apply") == true)
        }
    }

    @Test func initializeTouchesNothing() async throws {
        let files = RefusingFiles()
        try await Harness.start(fileAccess: files) { harness, _ in
            try await harness.initialize()
            #expect(harness.service.handlers == nil, "no connection to the service is made")
            #expect(files.useCount == 0)
            #expect(try await harness.editor.pending("window/showMessage").isEmpty)
        }
    }

    @Test func secondInitializeIsRefused() async throws {
        try await Harness.run { harness in
            #expect(
                await code { try await harness.editor.request("initialize", ["capabilities": [:]]) } == .invalidRequest)
        }
    }

    @Test func afterShutdownOnlyExitCounts() async throws {
        try await Harness.start { harness, running in
            try await harness.initialize()
            #expect(try await harness.editor.request("shutdown") == .null)
            #expect(await code { try await harness.editor.request("agent/list") } == .invalidRequest)
            #expect(await code { try await harness.editor.request("initialize", [:]) } == .invalidRequest)
            await harness.editor.notify("exit", [:])
            #expect(await running.value == 0)
        }
    }

    @Test func exitWithoutShutdownIsOne() async throws {
        try await Harness.start { harness, running in
            try await harness.initialize()
            await harness.editor.notify("exit", [:])
            #expect(await running.value == 1)
        }
        try await Harness.start { harness, running in
            await harness.editor.notify("exit", [:])
            #expect(await running.value == 1, "also before initialize")
        }
    }

    @Test func endOfInputIsAnOrderlyEnd() async throws {
        try await Harness.start { harness, running in
            try await harness.initialize()
            try await harness.startSession()
            harness.editor.transport.finishSending()
            #expect(await running.value == 0)
            #expect(harness.service.isClosed)
            #expect(harness.service.calls("agent/stop").isEmpty, "the session goes on")
        }
    }

    @Test func endsWithTheEditorsProcess() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let watched = Mutex<Int?>(nil)
        let wait: @Sendable (Int) async -> Void = { processID in
            watched.withLock { $0 = processID }
            for await _ in ends { return }
        }
        try await Harness.start(waitForProcessExit: wait) { harness, running in
            try await harness.editor.request("initialize", ["processId": 4711, "capabilities": [:], "rootUri": nil])
            end.yield()
            #expect(await running.value == 1)
            #expect(watched.withLock { $0 } == 4711)
        }
    }

    @Test(arguments: [0, -1, Int(Int32.max) + 1])
    func impossibleProcessesAreNotWatched(processID: Int) async throws {
        try await Harness.start(waitForProcessExit: { _ in }) { harness, running in
            let id = JSON.number(JSONNumber(processID))
            try await harness.editor.request("initialize", ["processId": id, "capabilities": [:], "rootUri": nil])
            try await harness.editor.request("shutdown")
            await harness.editor.notify("exit", [:])
            #expect(await running.value == 0)
        }
    }

    @Test(
        arguments: [
            (["apply": "always"], "apply"), (["progress": "yes"], "progress"), (["service": ["url": 1]], "service.url"),
            ("text", "initializationOptions"),
        ] as [(JSON, String)])
    func wrongOptionsAreNamed(options: JSON, place: String) async throws {
        try await Harness.start { harness, _ in
            do {
                try await harness.initialize(options: options)
                Issue.record("was accepted")
            } catch let error as ResponseError {
                #expect(error.code == .invalidParams)
                #expect(error.message.contains(place), "\(error.message)")
            }
            // It can be tried again.
            try await harness.initialize()
        }
    }

    @Test(arguments: [nil, .null, [:], .array([]), ["unknown": 1, "cofferdam": ["progress": true]]] as [JSON?])
    func emptyAndUnknownOptionsAreFine(options: JSON?) async throws {
        try await Harness.run(options: options) { _ in }
    }

    @Test func unknownMethodsAreRefusedAndUnknownNotificationsIgnored() async throws {
        try await Harness.run { harness in
            await harness.editor.notify("$/unknown", [:])
            await harness.editor.notify("workspace/unknown", [:])
            #expect(await code { try await harness.editor.request("$/unknown") } == .methodNotFound)
            #expect(await code { try await harness.editor.request("textDocument/hover") } == .methodNotFound)
        }
    }

    @Test func malformedMessagesAreSurvived() async throws {
        try await Harness.run { harness in
            harness.editor.transport.inject(.message(Array("{".utf8)))
            harness.editor.transport.inject(.malformed("noise", recoverable: true))
            await harness.editor.send([1, 2])
            await harness.editor.notify("textDocument/didOpen", ["textDocument": 3])
            await harness.editor.notify(
                "textDocument/didChange", ["textDocument": ["uri": "file:///none"], "contentChanges": [["text": "x"]]])
            await harness.editor.notify("textDocument/didClose", ["textDocument": ["uri": "file:///none"]])
            await harness.editor.notify("workspace/didChangeConfiguration", ["settings": 3])
            await harness.editor.notify("window/workDoneProgress/cancel", ["token": 3])
            #expect(
                await code { try await harness.editor.request("textDocument/codeAction", ["textDocument": 1]) }
                    == .invalidParams)
            #expect(
                await code { try await harness.editor.request("workspace/executeCommand", ["command": "no"]) }
                    == .invalidParams)
            #expect(
                await code {
                    try await harness.editor.request(
                        "workspace/executeCommand", ["command": "cofferdam.start", "arguments": [1, 2]])
                } == .invalidParams)
            #expect(await code { try await harness.editor.request("agent/start", ["prompt": 1]) } == .invalidParams)
            let actions = try await harness.editor.actions("file:///none")
            #expect(actions.isEmpty)
        }
    }

    @Test func badSettingsLaterKeepTheOldOnes() async throws {
        try await Harness.run { harness in
            await harness.editor.notify("workspace/didChangeConfiguration", ["settings": ["cofferdam": ["apply": 1]]])
            let message = try await harness.editor.next("window/showMessage").params
            #expect(message["message"]?.stringValue?.contains("apply") == true)
        }
    }
}

/// Any use is a fault.
final class RefusingFiles: FileAccess {
    private let count = Mutex(0)
    var useCount: Int { count.withLock { $0 } }

    private func refuse() -> FileAccessError {
        count.withLock { $0 += 1 }
        return .refused(path: "", reason: "not now")
    }

    func read(_ path: WorkspacePath, beneath folder: String, limit: Int) throws(FileAccessError) -> FileContents? {
        throw refuse()
    }
    func look(_ path: WorkspacePath, beneath folder: String, limit: Int) throws(FileAccessError) -> FileImage {
        throw refuse()
    }
    func write(
        _ bytes: [UInt8], to path: WorkspacePath, beneath folder: String, executable: Bool?, replacesLink: Bool
    ) throws(FileAccessError) {
        throw refuse()
    }
    func writeLink(_ target: String, to path: WorkspacePath, beneath folder: String) throws(FileAccessError) {
        throw refuse()
    }
    func setExecutable(_ executable: Bool, _ path: WorkspacePath, beneath folder: String) throws(FileAccessError) {
        throw refuse()
    }
    func remove(_ path: WorkspacePath, beneath folder: String, removesLink: Bool) throws(FileAccessError) {
        throw refuse()
    }
    func parentExists(_ path: WorkspacePath, beneath folder: String) -> Bool {
        _ = refuse()
        return false
    }
    func openTranscript(named name: String, in directory: String) throws(FileAccessError) -> any TranscriptFile {
        throw refuse()
    }
}
