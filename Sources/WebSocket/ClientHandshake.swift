import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Why a server did not open a WebSocket.
public enum ClientHandshakeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It answered with another status; `body` is the start of its text.
    case refused(status: Int, body: String)
    /// It answered 101, but not as RFC 6455 asks.
    case invalidResponse
    case connectionClosed
    case timedOut

    public var description: String {
        switch self {
        case .refused(let status, let body):
            "the server answered \(status)\(body.isEmpty ? "" : ": \(body)")"
        case .invalidResponse: "the server's answer is not a WebSocket handshake"
        case .connectionClosed: "the server closed the connection during the handshake"
        case .timedOut: "the server did not answer the handshake in time"
        }
    }
}

/// The client's half of the opening handshake (RFC 6455 section 4.1).
public enum ClientHandshake {
    /// Performs the handshake on a fresh connection (TLS, where used, already in the pipeline); the future gives the
    /// connection. Call it on the channel's event loop, before the channel is active or after.
    public static func start(
        on channel: any Channel, path: String, host: String, headers: HTTPHeaders, timeout: TimeAmount,
        options: WebSocketOptions
    ) throws -> EventLoopFuture<WebSocketConnection> {
        let promise = channel.eventLoop.makePromise(of: WebSocketConnection.self)
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(
            HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .drop))
        let key = NIOWebSocketClientUpgrader.randomRequestKey()
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        head.headers.add(name: "Host", value: host)
        head.headers.add(name: "Connection", value: "Upgrade")
        head.headers.add(name: "Upgrade", value: "websocket")
        head.headers.add(name: "Sec-WebSocket-Key", value: key)
        head.headers.add(name: "Sec-WebSocket-Version", value: "13")
        let handler = ClientHandshakeHandler(
            request: head, key: key, timeout: timeout, options: options, encoder: encoder,
            decoder: decoder, promise: promise)
        try channel.pipeline.syncOperations.addHandlers([encoder, decoder, handler])
        return promise.futureResult
    }
}

/// Sends the request, checks the answer, replaces the HTTP handlers by the WebSocket layer.
private final class ClientHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What is kept of the body of a refusal.
    private static let maxBodyBytes = 4096

    private let request: HTTPRequestHead
    private let timeout: TimeAmount
    private let options: WebSocketOptions
    private let encoder: HTTPRequestEncoder
    private let decoder: ByteToMessageHandler<HTTPResponseDecoder>
    private let upgrader: NIOWebSocketClientUpgrader
    private var promise: EventLoopPromise<WebSocketConnection>?
    private var timer: Scheduled<Void>?
    private var response: HTTPResponseHead?
    private var body = ByteBuffer()

    init(
        request: HTTPRequestHead, key: String, timeout: TimeAmount, options: WebSocketOptions,
        encoder: HTTPRequestEncoder, decoder: ByteToMessageHandler<HTTPResponseDecoder>,
        promise: EventLoopPromise<WebSocketConnection>
    ) {
        self.request = request
        self.timeout = timeout
        self.options = options
        self.encoder = encoder
        self.decoder = decoder
        self.promise = promise
        upgrader = NIOWebSocketClientUpgrader(requestKey: key) { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: timeout) {
            let (handler, context) = bound.value
            handler.fail(ClientHandshakeError.timedOut, context)
        }
        if context.channel.isActive { sendRequest(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        sendRequest(context)
        context.fireChannelActive()
    }

    private func sendRequest(_ context: ChannelHandlerContext) {
        context.write(Self.wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard promise != nil else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head): response = head
        case .body(let part):
            body.writeImmutableBuffer(part)
            if body.readableBytes > Self.maxBodyBytes { refuse(context) }
        case .end:
            if response?.status == .switchingProtocols { upgrade(context) } else { refuse(context) }
        }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        let text = body.getString(at: body.readerIndex, length: min(body.readableBytes, Self.maxBodyBytes)) ?? ""
        let status = Int(response?.status.code ?? 0)
        fail(ClientHandshakeError.refused(status: status, body: text.filter { !$0.isNewline }), context)
    }

    private func upgrade(_ context: ChannelHandlerContext) {
        guard let response, upgrader.shouldAllowUpgrade(upgradeResponse: response),
            response.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" })
        else { return fail(ClientHandshakeError.invalidResponse, context) }
        do {
            let pipeline = context.pipeline.syncOperations
            let connection = try WebSocketConnection.install(on: context.channel, role: .client, options: options)
            timer?.cancel()
            promise?.succeed(connection)
            promise = nil
            pipeline.removeHandler(encoder, promise: nil)
            pipeline.removeHandler(context: context, promise: nil)
            // Last, as it hands on the bytes that came with the response.
            pipeline.removeHandler(decoder, promise: nil)
        } catch {
            fail(error, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(ClientHandshakeError.connectionClosed, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error, context) }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        timer?.cancel()
        promise?.fail(error)
        promise = nil
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        promise?.fail(ClientHandshakeError.connectionClosed)
        promise = nil
    }
}
