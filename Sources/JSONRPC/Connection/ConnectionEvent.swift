/// Things that a connection survives but someone may want to log.
public enum ConnectionEvent: Sendable, Equatable {
    /// A reply to no request of ours, or to one that was given up.
    case unexpectedResponse(id: RequestID)
    /// An error that the peer could not tie to a request (`"id": null`).
    case peerReportedError(ResponseError)
    /// A message that is no JSON or no JSON-RPC, or broken framing.
    case malformedMessage(reason: String)
    /// A notification that nobody handles, is not due now, or whose parameters do not fit.
    case ignoredNotification(method: String, reason: String)
    /// A handler failed in a way that is no planned answer.
    case handlerFailed(method: String, reason: String)
    /// A reply could not be delivered.
    case replyLost(reason: String)
}

/// Why an outgoing request got no answer.
public enum ConnectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The connection ended before the answer came.
    case closed
    /// The time given to the request is up.
    case timedOut(method: String)
    /// The reply has neither a result nor an error.
    case invalidResponse(method: String)
    /// JSON-RPC allows only objects and arrays as parameters.
    case invalidParams(method: String)

    public var description: String {
        switch self {
        case .closed: "the connection ended"
        case .timedOut(let method): "no answer to \(method) in time"
        case .invalidResponse(let method): "the answer to \(method) has neither a result nor an error"
        case .invalidParams(let method): "the parameters of \(method) are neither an object nor an array"
        }
    }
}
