import NIOCore

/// Sits before the HTTP decoder and bounds what a peer may send before its request line and headers are complete.
final class RequestHeadBound: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct TooBig: Error {}

    private let limit: Int
    private var seen = 0
    private var isComplete = false
    private var isTooBig = false

    init(limit: Int) { self.limit = limit }

    func headIsComplete() { isComplete = true }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isComplete else { return context.fireChannelRead(data) }
        guard !isTooBig else { return }
        // In pieces no larger than what is left, so that a big read cannot carry a big head past the bound.
        var buffer = Self.unwrapInboundIn(data)
        while !isComplete, buffer.readableBytes > 0 {
            guard seen < limit, let piece = buffer.readSlice(length: min(limit - seen, buffer.readableBytes)) else {
                isTooBig = true
                context.fireErrorCaught(TooBig())
                return
            }
            seen += piece.readableBytes
            context.fireChannelRead(Self.wrapInboundOut(piece))
        }
        if buffer.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(buffer)) }
    }
}
