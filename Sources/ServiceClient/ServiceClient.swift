import AgentProtocol
import JSONRPC

/// The client of the sandbox service over WebSocket. Opens nothing, and starts no thread, until the first call.
///
/// A session on a folder that the service's machine does not have is started on an upload of it.
public final class ServiceClient: AgentServiceConnection {
    private let engine: ClientEngine
    private let uploader: WorkspaceUploader

    public init(configuration: ServiceClientConfiguration, handlers: ServiceClientHandlers) {
        engine = ClientEngine(configuration: configuration, handlers: handlers)
        uploader = WorkspaceUploader(configuration: configuration, engine: engine, progress: handlers.uploading)
    }

    public func call<R: RequestType>(_ type: R.Type, _ params: R.Params) async throws -> R.Result {
        guard let start = params as? AgentStart.Params, start.workspace == nil, start.repository == nil,
            try await uploader.isNeeded(), let prepared = try await uploader.prepare(start) as? R.Params
        else { return try await engine.call(type, params) }
        return try await engine.call(type, prepared)
    }

    public func attach(_ sessionId: String, afterSeq: Int) async throws -> AgentAttach.Result {
        try await engine.attach(sessionId, afterSeq: afterSeq)
    }

    public func detach(_ sessionId: String) async throws { try await engine.detach(sessionId) }

    public func initializeResult() async throws -> ServiceInitialize.Result { try await engine.link().initializeResult }

    public func close() async { await engine.close() }
}
