import AgentProtocol
import JSONRPC
import Store

/// Carries one session's events to one client, from the log and at the client's pace: a slow client reads the log
/// later, and slows nobody else.
struct SessionPump: Sendable {
    let sessionId: String
    let backend: any SessionBackend
    let transport: ReplyWatchingTransport
    let metrics: EndpointMetrics

    /// Events fetched at once: some hundred kilobytes as a rule.
    private static let batch = 256
    /// What stands around the stored parameters, which go out as they are.
    private static let head = Array("{\"jsonrpc\":\"2.0\",\"method\":\"\(AgentProgress.method)\",\"params\":".utf8)
    private static let tail = Array("}".utf8)

    /// Runs until it is cancelled, the connection ends or the log cannot be read.
    func run(afterSeq: Int) async throws {
        var cursor = afterSeq
        while true {
            try Task.checkCancellation()
            for event in try await backend.events(sessionId, afterSeq: cursor, limit: Self.batch)
            where event.seq > cursor {
                try Task.checkCancellation()
                cursor = event.seq
                try await transport.send(Self.head + event.params + Self.tail)
                metrics.sentEvents(1)
            }
        }
    }
}
