import NIOCore
import NIOTLS

/// One end of a connection through the gateway: hears of what happens on a channel.
protocol ChannelSide: AnyObject {
    func received(_ bytes: ByteBuffer)
    func readCompleted()
    func becameWritable()
    /// The peer sends no more; only with half-closure.
    func inputClosed()
    /// TLS on this channel is established.
    func secured()
    func failed(_ error: any Error)
    func closed()
}

/// Puts a side at the end of a channel's pipeline; the side may be exchanged without touching the pipeline.
final class SideHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var side: (any ChannelSide)?
    private var isClosed = false

    init(_ side: (any ChannelSide)?) { self.side = side }

    func channelActive(context: ChannelHandlerContext) { context.read() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { side?.received(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) { side?.readCompleted() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { side?.becameWritable() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: side?.inputClosed()
        case let event as TLSUserEvent:
            if case .handshakeCompleted = event { side?.secured() }
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { side?.failed(error) }

    func channelInactive(context: ChannelHandlerContext) { finish() }

    func handlerRemoved(context: ChannelHandlerContext) { finish() }

    private func finish() {
        guard !isClosed else { return }
        isClosed = true
        side?.closed()
        // The side knows the channel, which knows this handler.
        side = nil
    }
}
