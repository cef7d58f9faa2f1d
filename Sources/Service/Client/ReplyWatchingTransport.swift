import JSONRPC
import Synchronization
import WebSocket

/// The client's transport, which can tell when the reply to a request is on its way: what must follow that reply, such
/// as the events of `agent/attach`, waits for it.
final class ReplyWatchingTransport: MessageTransport {
    private let inner: WebSocketTransport
    private let awaited = Mutex<[(prefix: [UInt8], latch: Latch)]>([])

    init(_ inner: WebSocketTransport) { self.inner = inner }

    var inbound: AsyncStream<TransportEvent> { inner.inbound }

    /// Opens when the reply to request `id` has been queued behind all earlier messages.
    func latch(forReplyTo id: RequestID) -> Latch {
        let latch = Latch()
        // How `Connection` begins every reply.
        let prefix = Array("{\"jsonrpc\":\"2.0\",\"id\":\(id.json.text),".utf8)
        awaited.withLock { $0.append((prefix, latch)) }
        return latch
    }

    func send(_ message: [UInt8]) async throws {
        let latches = awaited.withLock { awaited -> [Latch] in
            guard !awaited.isEmpty else { return [] }
            let latches = awaited.filter { message.starts(with: $0.prefix) }.map(\.latch)
            if !latches.isEmpty { awaited.removeAll { message.starts(with: $0.prefix) } }
            return latches
        }
        guard !latches.isEmpty else { return try await inner.send(message) }
        defer { for latch in latches { latch.open() } }
        try await inner.send(message)
    }

    func close() async { await inner.close() }
}
