/// How a connection ended.
public struct WebSocketClosure: Sendable, Equatable, CustomStringConvertible {
    public enum Origin: Sendable, Equatable {
        /// This end closed it.
        case local
        /// The peer sent a close frame.
        case remote
        /// The connection broke, or the peer fell silent, with no close frame.
        case transport
    }

    public var origin: Origin
    /// Absent when no close frame with a code was seen.
    public var code: WebSocketCloseCode?
    public var reason: String

    public init(origin: Origin, code: WebSocketCloseCode?, reason: String) {
        self.origin = origin
        self.code = code
        self.reason = reason
    }

    public var description: String {
        let what =
            switch origin {
            case .local: "closed"
            case .remote: "closed by the peer"
            case .transport: "connection lost"
            }
        let number = code.map { " (\($0.rawValue))" } ?? ""
        return reason.isEmpty ? what + number : "\(what)\(number): \(reason)"
    }
}

/// What `send` throws.
public enum WebSocketError: Error, Sendable, Equatable, CustomStringConvertible {
    case closed(WebSocketClosure)
    case messageTooBig(bytes: Int, limit: Int)

    public var description: String {
        switch self {
        case .closed(let closure): "WebSocket \(closure)"
        case .messageTooBig(let bytes, let limit): "a message of \(bytes) bytes is over the limit of \(limit)"
        }
    }
}
