import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Why a server did not open a WebSocket.
public enum ClientHandshakeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It answered with another status; `body` is the start of its text.
    case refused(status: Int, body: String)
    /// It answered 101, but not as RFC 6455 asks.
    case invalidResponse
    case connectionClosed
    case timedOut

    public var description: String {
        switch self {
        case .refused(let status, let body):
            "the server answered \(status)\(body.isEmpty ? "" : ": \(body)")"
        case .invalidResponse: "the server's answer is not a WebSocket handshake"
        case .connectionClosed: "the server closed the connection during the handshake"
        case .timedOut: "the server did not answer the handshake in time"
        }
    }
}

/// The client's half of the opening handshake (RFC 6455 section 4.1).
public enum ClientHandshake {
    /// Performs the handshake on a fresh connection (TLS, where used, already in the pipeline); the future gives the
    /// connection. Call it on the channel's event loop, before the channel is active or after.
    ///
    /// - Parameter headers: further request headers; names and values must be free of line ends.
    public static func start(
        on channel: any Channel, path: String, host: String, headers: HTTPHeaders, timeout: TimeAmount,
        options: WebSocketOptions
    ) throws -> EventLoopFuture<WebSocketConnection> {
        let promise = channel.eventLoop.makePromise(of: WebSocketConnection.self)
        let key = NIOWebSocketClientUpgrader.randomRequestKey()
        var request = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        request += "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        let handler = ClientHandshakeHandler(
            request: request + "\r\n", key: key, timeout: timeout, options: options, promise: promise)
        try channel.pipeline.syncOperations.addHandler(handler)
        return promise.futureResult
    }
}
