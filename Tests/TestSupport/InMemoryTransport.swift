import JSON
import JSONRPC
import Synchronization

/// A transport without descriptors: two of them, made by `pair`, are the ends of one connection.
public final class InMemoryTransport: MessageTransport {
    public let inbound: AsyncStream<TransportEvent>
    private let received: AsyncStream<TransportEvent>.Continuation
    private let peerReceived: AsyncStream<TransportEvent>.Continuation
    private let sentMessages = Mutex<[[UInt8]]>([])
    private let isClosed: ClosedFlag

    private init(
        inbound: AsyncStream<TransportEvent>, received: AsyncStream<TransportEvent>.Continuation,
        peerReceived: AsyncStream<TransportEvent>.Continuation, isClosed: ClosedFlag
    ) {
        self.inbound = inbound
        self.received = received
        self.peerReceived = peerReceived
        self.isClosed = isClosed
    }

    /// Two connected ends. Messages are queued without bound.
    public static func pair() -> (InMemoryTransport, InMemoryTransport) {
        let (firstInbound, firstReceived) = AsyncStream.makeStream(of: TransportEvent.self)
        let (secondInbound, secondReceived) = AsyncStream.makeStream(of: TransportEvent.self)
        let isClosed = ClosedFlag()
        return (
            InMemoryTransport(
                inbound: firstInbound, received: firstReceived, peerReceived: secondReceived, isClosed: isClosed),
            InMemoryTransport(
                inbound: secondInbound, received: secondReceived, peerReceived: firstReceived, isClosed: isClosed)
        )
    }

    /// Everything sent from this end so far.
    public var sent: [JSON] {
        sentMessages.withLock { $0 }.compactMap { try? JSON(parsing: $0) }
    }

    public func send(_ message: [UInt8]) async throws {
        // Under the lock, so that the record and the peer see one order.
        try sentMessages.withLock { messages in
            guard !isClosed.value.withLock({ $0 }) else { throw TransportError.closed }
            messages.append(message)
            peerReceived.yield(.message(message))
        }
    }

    /// Delivers any event to the peer, as a broken stream would.
    public func inject(_ event: TransportEvent) { peerReceived.yield(event) }

    /// Ends what the peer receives, while this end can still receive: standard input at its end.
    public func finishSending() { peerReceived.finish() }

    /// Ends both directions; what was sent before is still delivered.
    public func close() async {
        isClosed.value.withLock { $0 = true }
        received.finish()
        peerReceived.finish()
    }

    private final class ClosedFlag: Sendable {
        let value = Mutex(false)
    }
}
