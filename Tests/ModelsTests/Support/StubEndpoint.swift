import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server that answers with what a test has scripted, and remembers what it was asked.
final class StubEndpoint: Sendable {
    /// One scripted answer.
    struct Reply: Sendable {
        enum Ending: Sendable {
            case complete
            /// The connection is closed although the body has not ended.
            case cut
            /// Nothing more is sent, and the connection stays open.
            case hang
            /// Nothing at all is sent, not even the head.
            case silence
        }

        var status = 200
        var headers: [(String, String)] = [("content-type", "text/event-stream")]
        var chunks: [[UInt8]] = []
        var ending = Ending.complete

        static func stream(_ text: String, _ ending: Ending = .complete) -> Reply {
            Reply(chunks: [Array(text.utf8)], ending: ending)
        }

        static func json(_ text: String, status: Int = 200, headers: [(String, String)] = []) -> Reply {
            Reply(status: status, headers: [("content-type", "application/json")] + headers, chunks: [Array(text.utf8)])
        }
    }

    struct Request: Sendable {
        var head: HTTPRequestHead
        var body: [UInt8]

        var json: JSON { (try? JSON(parsing: body)) ?? .null }
    }

    struct State: Sendable {
        var replies: [Reply]
        var requests: [Request] = []
        var connections = 0
    }

    private let state: Mutex<State>
    private let channel = Mutex<(any Channel)?>(nil)
    private let connected = Mutex<[any Channel]>([])

    private init(_ replies: [Reply]) {
        state = Mutex(State(replies: replies))
    }

    /// Runs `body` with an endpoint that gives `replies` one after the other, and an error when there are no more.
    static func with<Result>(
        _ replies: [Reply], _ body: (StubEndpoint) async throws -> Result
    ) async throws -> Result {
        let endpoint = StubEndpoint(replies)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    endpoint.state.withLock { $0.connections += 1 }
                    endpoint.connected.withLock { $0.append(channel) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(endpoint))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        endpoint.channel.withLock { $0 = channel }
        do {
            let result = try await body(endpoint)
            await endpoint.close(channel)
            return result
        } catch {
            await endpoint.close(channel)
            throw error
        }
    }

    /// Its connections too: another server may get the same port, and must not be spoken to on them.
    private func close(_ channel: any Channel) async {
        for channel in [channel] + connected.withLock({ $0 }) {
            try? await channel.close().get()  // Fails only when it is closed already.
        }
    }

    var url: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }
    var requests: [Request] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }

    fileprivate func reply(to request: Request) -> Reply {
        state.withLock { state in
            state.requests.append(request)
            guard !state.replies.isEmpty else { return .json(#"{"error":{"message":"no reply left"}}"#, status: 418) }
            return state.replies.removeFirst()
        }
    }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let endpoint: StubEndpoint
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ endpoint: StubEndpoint) {
        self.endpoint = endpoint
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes):
            body += Array(bytes.readableBytesView)
        case .end:
            guard let head else { return }
            answer(endpoint.reply(to: StubEndpoint.Request(head: head, body: body)), context)
        }
    }

    private func answer(_ reply: StubEndpoint.Reply, _ context: ChannelHandlerContext) {
        if case .silence = reply.ending { return }
        let headers = HTTPHeaders(reply.headers)
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: headers)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        for chunk in reply.chunks {
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: chunk)))), promise: nil)
        }
        switch reply.ending {
        case .complete: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .cut: context.close(promise: nil)
        case .hang, .silence: break
        }
    }
}
