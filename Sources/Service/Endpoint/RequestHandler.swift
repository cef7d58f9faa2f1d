import NIOCore
import NIOHTTP1
import WebSocket

/// Serves the one HTTP request of a connection: answers it, or turns the connection into a WebSocket.
///
/// It takes the place of NIO's upgrade handler because that one loses the request when an upgrade is refused.
final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    struct HTTPHandlers {
        var encoder: HTTPResponseEncoder
        var decoder: ByteToMessageHandler<HTTPRequestDecoder>
        var headBound: RequestHeadBound
    }

    private let owner: ServiceEndpoint
    private let http: HTTPHandlers
    private var head: HTTPRequestHead?
    private var bodyBytes = 0
    private var isDone = false
    private var deadline: Scheduled<Void>?

    init(owner: ServiceEndpoint, http: HTTPHandlers) {
        self.owner = owner
        self.http = http
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: owner.configuration.limits.requestTimeout) {
            let (handler, context) = bound.value
            handler.timedOut(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    private func timedOut(_ context: ChannelHandlerContext) {
        guard !isDone else { return context.close(promise: nil) }
        answer(HTTPAnswer(.requestTimeout, "the request did not come in time"), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            http.headBound.headIsComplete()
        case .body(let part):
            bodyBytes += part.readableBytes
            if bodyBytes > owner.configuration.limits.maxRequestBodyBytes {
                answer(HTTPAnswer(.payloadTooLarge, "the request's body is too big"), context)
            }
        case .end:
            if let head { serve(head, context) }
        }
    }

    private func serve(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch owner.router.decide(head) {
        case .answer(let answer): self.answer(answer, context)
        case .metrics: answerMetrics(context)
        case .upgrade(let identity): upgrade(head, identity, context)
        }
    }

    private func answerMetrics(_ context: ChannelHandlerContext) {
        isDone = true
        let promise = context.eventLoop.makePromise(of: String.self)
        promise.completeWithTask { [owner] in await owner.metricsText() }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { text in
            let (handler, context) = bound.value
            var answer = HTTPAnswer(.ok, text)
            answer.contentType = "text/plain; version=0.0.4; charset=utf-8"
            handler.answer(answer, context)
        }
    }

    // MARK: Answer

    private func answer(_ answer: HTTPAnswer, _ context: ChannelHandlerContext) {
        isDone = true
        owner.metrics.answered(answer.status.code)
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: answer.contentType)
        headers.add(name: "Content-Length", value: String(answer.body.utf8.count))
        headers.add(name: "Cache-Control", value: "no-store")
        headers.add(name: "X-Content-Type-Options", value: "nosniff")
        headers.add(name: "Connection", value: "close")
        for (name, value) in answer.headers { headers.add(name: name, value: value) }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if self.head?.method != .HEAD {
            let body = context.channel.allocator.buffer(string: answer.body)
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        // End our side only and give the peer a moment: a reset, caused by bytes that nobody reads, would destroy the answer.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
            let context = bound.value
            context.close(mode: .output, promise: nil)
            _ = context.eventLoop.scheduleTask(in: .seconds(1)) { bound.value.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isDone else { return context.close(promise: nil) }
        switch error {
        case is RequestHeadBound.TooBig:
            answer(HTTPAnswer(.requestHeaderFieldsTooLarge, "the request's headers are too big"), context)
        case is HTTPParserError:
            answer(HTTPAnswer(.badRequest, "this is not HTTP"), context)
        default:
            owner.log.debug("connection failed before its request", ["reason": "\(error)"])
            isDone = true
            context.close(promise: nil)
        }
    }

    // MARK: Upgrade

    private func upgrade(
        _ head: HTTPRequestHead, _ identity: BearerTokens.Identity, _ context: ChannelHandlerContext
    ) {
        guard let headers = ServerHandshake.responseHeaders(to: head, on: context.channel) else {
            let version = [("Sec-WebSocket-Version", "13")]
            return answer(HTTPAnswer(.badRequest, "not a WebSocket handshake", headers: version), context)
        }
        isDone = true
        owner.metrics.answered(HTTPResponseStatus.switchingProtocols.code)
        let response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.writeAndFlush(Self.wrapOutboundOut(.head(response)), promise: nil)
        do {
            let pipeline = context.pipeline.syncOperations
            let connection = try WebSocketConnection.install(
                on: context.channel, role: .server, options: owner.configuration.webSocket)
            pipeline.removeHandler(http.encoder, promise: nil)
            pipeline.removeHandler(http.headBound, promise: nil)
            pipeline.removeHandler(context: context, promise: nil)
            // Last: it hands on the bytes that came behind the request.
            pipeline.removeHandler(http.decoder, promise: nil)
            owner.serve(connection, identity)
        } catch {
            context.close(promise: nil)
        }
    }
}
