import Forges
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import Secrets
import Synchronization

/// A server that answers by a function of the request, and remembers what it was asked.
final class ForgeStub: Sendable {
    struct Request: Sendable {
        var method: String
        /// Path and query.
        var target: String
        var headers: HTTPHeaders
        var body: [UInt8]

        var path: String { String(target.prefix { $0 != "?" }) }
        var json: JSON { (try? JSON(parsing: body)) ?? .null }
        var call: String { "\(method) \(path)" }
    }

    struct Reply: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// The connection is closed instead of an answer.
        var isCut = false

        static func json(_ json: JSON, status: Int = 200, headers: [(String, String)] = []) -> Reply {
            Reply(status: status, headers: [("content-type", "application/json")] + headers, body: json.serialized())
        }

        static func status(_ status: Int, _ headers: [(String, String)] = [], body: String = "{}") -> Reply {
            Reply(status: status, headers: headers, body: Array(body.utf8))
        }

        static let cut = Reply(isCut: true)
    }

    typealias Answer = @Sendable (Request, Int) -> Reply

    private let answer: Answer
    private let seen = Mutex<[Request]>([])
    private let channel = Mutex<(any Channel)?>(nil)

    private init(_ answer: @escaping Answer) { self.answer = answer }

    /// Runs `body` with a server. `answer` gets each request, and how many with the same method and path came before.
    static func with<Result>(
        _ answer: @escaping Answer, _ body: (ForgeStub) async throws -> Result
    ) async throws -> Result {
        let stub = ForgeStub(answer)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(stub))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        stub.channel.withLock { $0 = channel }
        do {
            let result = try await body(stub)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    var url: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }
    var requests: [Request] { seen.withLock { $0 } }
    var calls: [String] { requests.map(\.call) }

    private func reply(_ request: Request) -> Reply {
        let before = seen.withLock { seen in
            defer { seen.append(request) }
            return seen.count { $0.call == request.call }
        }
        return answer(request, before)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let stub: ForgeStub
        private var request: Request?

        init(_ stub: ForgeStub) { self.stub = stub }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                request = Request(method: head.method.rawValue, target: head.uri, headers: head.headers, body: [])
            case .body(let bytes): request?.body += bytes.readableBytesView
            case .end:
                guard let request else { return }
                let reply = stub.reply(request)
                if reply.isCut {
                    context.close(promise: nil)
                    return
                }
                var headers = HTTPHeaders(reply.headers)
                headers.replaceOrAdd(name: "content-length", value: String(reply.body.count))
                let status = HTTPResponseStatus(statusCode: reply.status)
                context.write(
                    wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
                if status.mayHaveResponseBody {
                    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
                }
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
