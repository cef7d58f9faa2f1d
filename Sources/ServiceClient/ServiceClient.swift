import AgentProtocol
import JSONRPC

/// The client of the sandbox service over WebSocket. Opens nothing, and starts no thread, until the first call.
public final class ServiceClient: AgentServiceConnection {
    private let engine: ClientEngine

    public init(configuration: ServiceClientConfiguration, handlers: ServiceClientHandlers) {
        engine = ClientEngine(configuration: configuration, handlers: handlers)
    }

    public func call<R: RequestType>(_ type: R.Type, _ params: R.Params) async throws -> R.Result {
        try await engine.call(type, params)
    }

    public func attach(_ sessionId: String, afterSeq: Int) async throws -> AgentAttach.Result {
        try await engine.attach(sessionId, afterSeq: afterSeq)
    }

    public func detach(_ sessionId: String) async throws { try await engine.detach(sessionId) }

    public func initializeResult() async throws -> ServiceInitialize.Result { try await engine.link().initializeResult }

    public func close() async { await engine.close() }
}
