import AgentProtocol
import JSONRPC
import ServiceClient
import Synchronization

/// `cofferdam lsp`: a language server (LSP 3.17) in front of the sandbox service.
///
/// The editor speaks LSP and, if it can, the `agent/*` methods on the same connection. The service is not contacted,
/// and no file is touched, before something needs it.
public final class LanguageServer: Sendable {
    /// Makes the connection to the service, when the first request needs it. May throw when the settings are wrong.
    public typealias MakeService =
        @Sendable (LanguageServerSettings, ServiceClientHandlers) throws -> any AgentServiceConnection

    private let transport: any MessageTransport
    private let core: ServerCore
    private let exitCode = Mutex<Int32?>(nil)

    public init(
        transport: any MessageTransport, makeService: @escaping MakeService, environment: LanguageServerEnvironment
    ) {
        self.transport = transport
        core = ServerCore(environment: environment, makeService: makeService)
    }

    /// Serves the editor until it says `exit`, its end of the transport closes, or its process is gone.
    ///
    /// - Returns: the exit code: 0 after `shutdown` and `exit` and when the transport just ended, 1 after `exit` without
    ///   `shutdown` and when the editor's process ended.
    public func run() async -> Int32 {
        let connection = Connection(
            transport: transport, router: router(), observer: { [core] in core.observe($0) })
        let sender = Task { await core.outbox.run(connection) }
        await core.connect(connection)
        await connection.run()
        await core.close()
        await sender.value
        return exitCode.withLock { $0 } ?? 0
    }

    /// Keeps the first code and ends the connection. Not awaited: the caller may be one of its handlers.
    func end(_ code: Int32, _ connection: Connection) {
        exitCode.withLock { $0 = $0 ?? code }
        Task { await connection.close() }
    }
}

extension LanguageServer {
    private func router() -> Router {
        var router = Router()
        let core = core
        router.beforeDispatch = { (method, isRequest) throws(ResponseError) in
            try core.lifecycle.check(method, isRequest: isRequest)
        }
        addLifecycle(to: &router)
        Self.addDocuments(to: &router, core)
        Self.addAgentMethods(to: &router, core)
        return router
    }

    private func addLifecycle(to router: inout Router) {
        let core = core
        router.on(LSP.Initialize.self, .serial) { params, context in
            try await core.initialize(params) { [weak self] in self?.end(1, context.connection) }
        }
        router.on(LSP.Initialized.self) { _, _ in }
        router.on(LSP.Shutdown.self, .serial) { _, _ in
            await core.shutDown()
            return .null
        }
        router.on(LSP.Exit.self) { [weak self] _, connection in
            self?.end(core.lifecycle.exit(), connection)
        }
        router.on(LSP.SetTrace.self) { params, _ in await core.setTrace(params.value) }
        router.on(LSP.WorkDoneProgressCancel.self) { params, _ in await core.cancelProgress(token: params.token) }
        router.on(LSP.DidChangeConfiguration.self) { params, _ in await core.changeConfiguration(params.settings) }
        router.on(LSP.DidChangeWorkspaceFolders.self) { params, _ in
            await core.changeFolders(added: params.event.added, removed: params.event.removed)
        }
    }

    private static func addDocuments(to router: inout Router, _ core: ServerCore) {
        router.on(LSP.DidOpen.self) { params, _ in await core.open(params.textDocument) }
        router.on(LSP.DidChange.self) { params, _ in await core.change(params) }
        router.on(LSP.DidSave.self) { params, _ in await core.save(params.textDocument.uri) }
        router.on(LSP.DidClose.self) { params, _ in await core.closeDocument(params.textDocument.uri) }
        router.on(LSP.DidChangeWatchedFiles.self) { params, _ in await core.filesChanged(params.changes.map(\.uri)) }
        router.on(LSP.CodeActionRequest.self, .serial) { params, _ in try await core.codeActions(params) }
        router.on(LSP.ExecuteCommand.self, .concurrent) { params, _ in try await core.execute(params) }
    }

    private static func addAgentMethods(to router: inout Router, _ core: ServerCore) {
        router.on(EditorAgentStart.self, .concurrent) { params, _ in try await core.start(params, uri: nil) }
        router.on(EditorAgentPrompt.self, .concurrent) { params, _ in try await core.prompt(params) }
        router.on(AgentAttach.self, .concurrent) { params, _ in try await core.attach(params) }
        router.on(AgentDetach.self, .concurrent) { params, _ in try await core.detach(params) }
        router.on(AgentApply.self, .concurrent) { params, _ in try await core.apply(params) }
        router.on(AgentUndo.self, .concurrent) { params, _ in try await core.undo(params) }
        router.on(AgentTranscript.self, .concurrent) { params, _ in
            AgentTranscript.Result(path: try await core.transcriptPath(params.sessionId))
        }
        router.on(AgentFork.self, .concurrent) { params, _ in try await core.fork(params) }
        pass(AgentRestore.self, to: &router, core)
        pass(AgentCancel.self, to: &router, core)
        pass(AgentStop.self, to: &router, core)
        pass(AgentList.self, to: &router, core)
        pass(AgentApprove.self, to: &router, core)
        pass(AgentDiff.self, to: &router, core)
        pass(AgentSteps.self, to: &router, core)
        pass(AgentUsage.self, to: &router, core)
        pass(AgentModels.self, to: &router, core)
        pass(AgentPublish.self, to: &router, core)
        pass(AgentEgress.self, to: &router, core)
    }

    /// Hands a method to the service as it is.
    private static func pass<R: RequestType & SendableMetatype>(
        _ type: R.Type, to router: inout Router, _ core: ServerCore
    ) {
        router.on(type, .concurrent) { params, _ in try await core.call(type, params) }
    }

    /// The `agent/*` methods of this server, for `experimental.cofferdam.methods`.
    static let agentMethods = [
        AgentStart.method, AgentPrompt.method, AgentCancel.method, AgentStop.method, AgentList.method,
        AgentAttach.method, AgentDetach.method, AgentApprove.method, AgentDiff.method, AgentApply.method,
        AgentUndo.method,
        AgentTranscript.method, AgentEgress.method, AgentFork.method, AgentRestore.method,
        AgentSteps.method, AgentUsage.method, AgentModels.method,
        AgentPublish.method,
    ]
}
