import AgentProtocol
import JSONRPC

/// The service as its clients see it.
public protocol AgentServiceConnection: Sendable {
    /// Calls the service; connects first where there is no connection.
    ///
    /// - Throws: `ResponseError` as the service answered, `ServiceClientError`, `CancellationError`.
    func call<R: RequestType>(_ type: R.Type, _ params: R.Params) async throws -> R.Result

    /// Afterwards every event after `afterSeq` comes to `ServiceClientHandlers.progress` exactly once and in order, also
    /// across reconnects. Attaching again begins anew at `afterSeq`.
    func attach(_ sessionId: String, afterSeq: Int) async throws -> AgentAttach.Result

    /// No event of the session that is not under way already is delivered afterwards.
    func detach(_ sessionId: String) async throws

    /// What the service said of itself; connects where there is no connection.
    func initializeResult() async throws -> ServiceInitialize.Result

    /// Ends the connection. Later calls throw `ServiceClientError.closed`.
    func close() async
}
