import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Sends the request, checks the answer, makes way for the WebSocket layer.
///
/// It reads the answer itself: NIO's response decoder leaves the pipeline only on the next turn of the event loop, looks
/// at what is written until then, and ends the process when that is a WebSocket frame.
final class ClientHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What is kept of the body of a refusal.
    private static let maxBodyBytes = 4096

    private let request: String
    private let timeout: TimeAmount
    private let options: WebSocketOptions
    private let upgrader: NIOWebSocketClientUpgrader
    private var promise: EventLoopPromise<WebSocketConnection>?
    private var timer: Scheduled<Void>?
    private var received = ByteBuffer()
    private var refusal: HandshakeResponse?
    private var isSent = false

    init(
        request: String, key: String, timeout: TimeAmount, options: WebSocketOptions,
        promise: EventLoopPromise<WebSocketConnection>
    ) {
        self.request = request
        self.timeout = timeout
        self.options = options
        self.promise = promise
        // Used for its check of the accept value alone.
        upgrader = NIOWebSocketClientUpgrader(requestKey: key) { channel, _ in
            channel.eventLoop.makeSucceededVoidFuture()
        }
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
        guard !isSent else { return }
        isSent = true
        context.writeAndFlush(Self.wrapOutboundOut(context.channel.allocator.buffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard promise != nil else { return }
        var part = Self.unwrapInboundIn(data)
        received.writeBuffer(&part)
        if refusal == nil {
            do {
                guard let (response, length) = try HandshakeResponse.parse(received.readableBytesView) else { return }
                received.moveReaderIndex(forwardBy: length)
                if response.status == 101 { return upgrade(response, context) }
                refusal = response
            } catch {
                return fail(ClientHandshakeError.invalidResponse, context)
            }
        }
        let length = refusal?.headers.first(name: "content-length").flatMap { Int($0) } ?? .max
        if received.readableBytes >= min(length, Self.maxBodyBytes) { refuse(context) }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        let bytes = received.readableBytesView.prefix(Self.maxBodyBytes)
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
        fail(ClientHandshakeError.refused(status: refusal?.status ?? 0, body: text), context)
    }

    private func upgrade(_ response: HandshakeResponse, _ context: ChannelHandlerContext) {
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: response.headers)
        guard upgrader.shouldAllowUpgrade(upgradeResponse: head),
            head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" })
        else { return fail(ClientHandshakeError.invalidResponse, context) }
        do {
            let connection = try WebSocketConnection.install(on: context.channel, role: .client, options: options)
            timer?.cancel()
            let promise = promise
            self.promise = nil
            if received.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(received)) }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            promise?.succeed(connection)
        } catch {
            fail(error, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if refusal != nil { refuse(context) } else { fail(ClientHandshakeError.connectionClosed, context) }
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
