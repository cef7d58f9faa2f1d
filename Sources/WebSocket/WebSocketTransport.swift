import JSONRPC

/// JSON-RPC over WebSocket: one message a text frame.
public final class WebSocketTransport: MessageTransport {
    public let connection: WebSocketConnection
    public let inbound: AsyncStream<TransportEvent>

    public init(_ connection: WebSocketConnection) {
        self.connection = connection
        inbound = AsyncStream { await connection.next().map { .message($0.bytes) } }
    }

    public func send(_ message: [UInt8]) async throws {
        do {
            try await connection.send(WebSocketMessage(isText: true, bytes: message))
        } catch WebSocketError.closed {
            throw TransportError.closed
        }
    }

    public func close() async { await connection.close() }
}
