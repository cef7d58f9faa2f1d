/// What a transport delivers.
public enum TransportEvent: Sendable, Equatable {
    /// One complete message with its framing removed. It may still be no JSON.
    case message([UInt8])
    /// Framing that makes no sense. When it is not recoverable, where the next message begins is unknown, and the
    /// stream ends after this event.
    case malformed(String, recoverable: Bool)
}

/// Carries whole messages between two peers.
public protocol MessageTransport: Sendable {
    /// What arrives, in order; ends at the end of input or after `close`. To be iterated once.
    ///
    /// The transport stops reading from the peer while its consumer lags, so that memory stays bounded.
    var inbound: AsyncStream<TransportEvent> { get }

    /// Queues a message behind all earlier ones and returns once the queue is short enough again, so that a slow
    /// peer slows the sender. The message counts as sent even if the task is cancelled meanwhile.
    /// - Throws: `TransportError.closed` when the peer or this side has closed.
    func send(_ message: [UInt8]) async throws

    /// Delivers what is queued, as far as the peer takes it, then ends both directions. Harmless when repeated.
    func close() async
}

/// Why a message could not be sent.
public enum TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The connection is closed, by this side or the peer.
    case closed
    /// Writing failed for another reason; the value is the system's `errno`.
    case writeFailed(errno: Int32)

    public var description: String {
        switch self {
        case .closed: "the connection is closed"
        case .writeFailed(let errno): "writing to the connection failed (errno \(errno))"
        }
    }
}
