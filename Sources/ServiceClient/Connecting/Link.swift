import AgentProtocol
import JSONRPC
import WebSocket

/// One initialized connection to the service.
struct Link: Sendable {
    let number: Int
    let connection: Connection
    let webSocket: WebSocketConnection
    let initializeResult: ServiceInitialize.Result
    /// Ends when the connection has, and all that it had received has been handed on.
    let running: Task<Void, Never>

    var isOpen: Bool { webSocket.closure == nil }
}
