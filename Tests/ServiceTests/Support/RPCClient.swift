import AgentProtocol
import JSON
import JSONRPC
import NIOCore
import NIOHTTP1
import NIOPosix
import WebSocket

@testable import Service

/// A plain JSON-RPC client of the service that records every message in the order in which it came.
struct RPCClient: Sendable {
    let connection: Connection
    let webSocket: WebSocketConnection
    let messages: Record<JSON>
    let running: Task<Void, Never>

    static func connect(
        to service: TestService, initializes: Bool = true, approve: Bool? = nil, name: String = "test",
        token: String = TestService.token, router: Router = Router()
    ) async throws -> RPCClient {
        let webSocket = try await open(service.address, token: token)
        let messages = Record<JSON>()
        let transport = RecordingTransport(WebSocketTransport(webSocket), messages)
        let connection = Connection(transport: transport, router: router)
        let client = RPCClient(
            connection: connection, webSocket: webSocket, messages: messages, running: Task { await connection.run() })
        if initializes {
            _ = try await connection.request(
                ServiceInitialize.self,
                .init(clientInfo: ProgramInfo(name: name), capabilities: ClientCapabilities(approve: approve)))
        }
        return client
    }

    static func open(_ address: ListenAddress, token: String) async throws -> WebSocketConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: WebSocketConnection.self)
        let bootstrap = ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try ClientHandshake.start(
                    on: channel, path: "/v1/rpc", host: "localhost", headers: ["Authorization": "Bearer \(token)"],
                    timeout: .seconds(10), options: WebSocketOptions()
                ).cascade(to: promise)
            }
        }
        switch address {
        case .tcp(let host, let port): bootstrap.connect(host: host, port: port).whenFailure { promise.fail($0) }
        case .unix(let path): bootstrap.connect(unixDomainSocketPath: path).whenFailure { promise.fail($0) }
        }
        return try await promise.futureResult.get()
    }

    func close() async {
        await connection.close()
        await running.value
    }
}

private final class RecordingTransport: MessageTransport {
    private let inner: WebSocketTransport
    let inbound: AsyncStream<TransportEvent>

    init(_ inner: WebSocketTransport, _ messages: Record<JSON>) {
        self.inner = inner
        let source = IteratorBox(inner.inbound)
        inbound = AsyncStream {
            let event = await source.next()
            if case .message(let bytes) = event, let json = try? JSON(parsing: bytes) { messages.add(json) }
            return event
        }
    }

    func send(_ message: [UInt8]) async throws { try await inner.send(message) }
    func close() async { await inner.close() }
}

private actor IteratorBox {
    private let stream: AsyncStream<TransportEvent>

    init(_ stream: AsyncStream<TransportEvent>) { self.stream = stream }

    func next() async -> TransportEvent? {
        for await event in stream { return event }
        return nil
    }
}
