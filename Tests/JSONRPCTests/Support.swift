import JSON
import JSONRPC
import Synchronization
import TestSupport
import Testing

/// Something that happens once and can be waited for.
final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func open() { continuation.finish() }

    /// Returns when the gate is open, or the task is cancelled.
    func wait() async { for await _ in stream {} }
}

/// What happened, in order.
final class Journal: Sendable {
    private let entries = Mutex<[String]>([])

    func add(_ entry: String) { entries.withLock { $0.append(entry) } }

    var all: [String] { entries.withLock { $0 } }
}

/// A running connection, seen from its peer, who speaks raw JSON texts.
struct Peer {
    let connection: Connection
    let transport: InMemoryTransport
    let events: AsyncStream<ConnectionEvent>
    let running: Task<Void, Never>
    private var iterator: AsyncStream<TransportEvent>.Iterator

    init(_ router: Router = Router(), limits: ConnectionLimits = .default) {
        let (near, far) = InMemoryTransport.pair()
        let (events, log) = AsyncStream.makeStream(of: ConnectionEvent.self)
        let connection = Connection(transport: near, router: router, limits: limits) { log.yield($0) }
        self.connection = connection
        self.events = events
        transport = far
        iterator = far.inbound.makeAsyncIterator()
        running = Task {
            await connection.run()
            log.finish()
        }
    }

    func send(_ text: String) async throws { try await transport.send(Array(text.utf8)) }

    /// The next message of the connection; nil at its end.
    mutating func next() async throws -> JSON? {
        guard case .message(let bytes) = await iterator.next() else { return nil }
        return try JSON(parsing: bytes)
    }

    /// Ends the peer's side and returns what still comes, once the connection has wound up.
    mutating func finish() async throws -> [JSON] {
        transport.finishSending()
        var rest: [JSON] = []
        while let message = try await next() { rest.append(message) }
        await running.value
        return rest
    }
}

func makeRouter(_ build: (inout Router) -> Void) -> Router {
    var router = Router()
    build(&router)
    return router
}

enum Add: RequestType {
    struct Params: Codable, Sendable {
        var left: Int
        var right: Int
    }
    typealias Result = Int
    static let method = "add"
}

enum Note: NotificationType {
    struct Params: Codable, Sendable { var text: String }
    static let method = "note"
}
