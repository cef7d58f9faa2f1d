import AgentProtocol
import JSON
import JSONRPC
import ServiceClient
import Synchronization
import TestSupport

@testable import LanguageServer

/// A language server with a mock editor on one side, a fake service on the other, and a workspace on disk.
struct Harness: Sendable {
    let editor: MockEditor
    let service: FakeService
    let workspace: TemporaryFolder
    let stateFolder: TemporaryFolder
    let clock: ManualClock
    /// Lines that the server logged.
    let log: LogLines

    final class LogLines: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    /// Runs a test against an initialized server; `exit` comes by itself.
    static func run(
        client: JSON = Clients.rich, options: JSON? = nil, files: [String: String] = [:],
        makeServiceFails: (any Error)? = nil, _ body: (Harness) async throws -> Void
    ) async throws {
        try await start(files: files, makeServiceFails: makeServiceFails) { harness, _ in
            try await harness.initialize(client, options: options)
            try await body(harness)
            _ = try? await harness.editor.request("shutdown")
            await harness.editor.notify("exit", [:])
        }
    }

    /// Runs a test against a server that has not been initialized. Ends when the server does.
    static func start(
        files: [String: String] = [:], makeServiceFails: (any Error)? = nil,
        fileAccess: any FileAccess = PosixFileAccess(),
        waitForProcessExit: @escaping @Sendable (Int) async -> Void = { _ in await never() },
        _ body: (Harness, Task<Int32, Never>) async throws -> Void
    ) async throws {
        let (editorEnd, serverEnd) = InMemoryTransport.pair()
        let harness = Harness(
            editor: MockEditor(editorEnd), service: FakeService(), workspace: try TemporaryFolder(),
            stateFolder: try TemporaryFolder(), clock: ManualClock(), log: LogLines())
        for (name, text) in files { try harness.workspace.write(name, text) }
        let service = harness.service
        let log = harness.log
        let server = LanguageServer(
            transport: serverEnd,
            makeService: { _, handlers in
                if let makeServiceFails { throw makeServiceFails }
                service.connect(handlers)
                return service
            },
            environment: LanguageServerEnvironment(
                version: "1.2.3", stateDirectory: harness.stateFolder.path, files: fileAccess, clock: harness.clock,
                waitForProcessExit: waitForProcessExit, log: { log.append($0) }))
        let running = Task { await server.run() }
        let pumping = Task { await harness.editor.run() }
        do { try await body(harness, running) } catch {
            await editorEnd.close()
            throw error
        }
        await editorEnd.close()
        _ = await running.value
        await pumping.value
    }

    @discardableResult
    func initialize(_ client: JSON = Clients.rich, options: JSON? = nil) async throws -> JSON {
        var params: JSON = [
            "processId": nil, "rootUri": .string("file://\(workspace.path)"), "capabilities": client,
            "workspaceFolders": [["uri": .string("file://\(workspace.path)"), "name": "w"]],
        ]
        if let options { params["initializationOptions"] = options }
        for method in ["window/workDoneProgress/create", "window/showDocument", "workspace/applyEdit"] {
            let results: [String: JSON] = [
                "window/workDoneProgress/create": .null, "window/showDocument": ["success": true],
                "workspace/applyEdit": ["applied": true],
            ]
            await editor.answer(method, .result(results[method] ?? .null))
        }
        let result = try await editor.request("initialize", params)
        await editor.notify("initialized", [:])
        return result
    }

    /// Starts the session of the fake service and waits until the server follows it.
    @discardableResult
    func startSession(_ prompt: String = "fix it") async throws -> String {
        let result = try await editor.command("cofferdam.start", ["prompt": .string(prompt)])
        _ = await service.nextCall(AgentAttach.method)
        return result["sessionId"]?.stringValue ?? ""
    }

    func transcript(_ session: String = "s1a2b3") -> String {
        TemporaryFolder.read("\(stateFolder.path)/transcripts/\(session).md") ?? ""
    }
}

/// Does not return until its task is cancelled.
@Sendable func never() async {
    while (try? await Task.sleep(for: .seconds(3600))) != nil {}
}
