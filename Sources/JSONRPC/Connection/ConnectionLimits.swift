import JSON

/// Bounds and habits of a connection.
public struct ConnectionLimits: Sendable {
    /// How a request of ours that was given up is reported to the peer.
    public enum CancelMethod: Sendable {
        /// LSP: `$/cancelRequest` with `id`.
        case cancelRequest
        /// ACP: `$/cancel_request` with `requestId`.
        case cancelRequestACP
        /// Not at all.
        case none
    }

    /// What the JSON parser accepts. The transport bounds the size as well.
    public var json: JSONLimits
    /// The most requests of the peer that wait or run; further ones are answered with `overloaded` (-32001).
    public var maxIncomingRequests: Int
    /// The most messages received and not yet dispatched; beyond it reading pauses.
    public var maxQueuedMessages: Int
    /// The most bytes of such messages.
    public var maxQueuedBytes: Int
    /// How long `run` waits, once the peer has gone, for handlers to notice that they are cancelled.
    public var endGrace: Duration
    /// Whether messages without `"jsonrpc": "2.0"` are refused; some peers leave it out.
    public var requiresVersion: Bool
    /// Sent when the task of an outgoing request is cancelled, or its time is up.
    public var cancelMethod: CancelMethod

    public init(
        json: JSONLimits = .default,
        maxIncomingRequests: Int = 256,
        maxQueuedMessages: Int = 1024,
        maxQueuedBytes: Int = 64 * 1024 * 1024,
        endGrace: Duration = .seconds(2),
        requiresVersion: Bool = true,
        cancelMethod: CancelMethod = .cancelRequest
    ) {
        self.json = json
        self.maxIncomingRequests = maxIncomingRequests
        self.maxQueuedMessages = maxQueuedMessages
        self.maxQueuedBytes = maxQueuedBytes
        self.endGrace = endGrace
        self.requiresVersion = requiresVersion
        self.cancelMethod = cancelMethod
    }

    public static let `default` = ConnectionLimits()
}
