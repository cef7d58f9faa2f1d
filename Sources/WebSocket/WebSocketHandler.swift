import NIOCore

/// The event loop's side of a connection: bytes in, messages out and back. Lives on the channel's event loop only.
final class WebSocketHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Never
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Queued messages are joined into one write until it has this many bytes.
    private static let batchBytes = 256 << 10

    private enum Phase {
        case open
        /// A close frame was sent; what still comes is dropped but for the peer's close frame.
        case closing
        case closed
    }

    private let options: WebSocketOptions
    private let writer: FrameWriter
    private let mailbox: InboundMailbox
    private let outbox: OutboundQueue

    private var reader: MessageReader
    private var context: ChannelHandlerContext?
    private var phase = Phase.open
    private var isPaused = false
    private var readWasHeldBack = false
    private var lastHeard = NIODeadline.now()
    private var ping: RepeatedTask?
    private var closeTimer: Scheduled<Void>?
    /// A pong that could not be written because the peer does not read; only the newest ping needs an answer.
    private var heldPong: [UInt8]?

    init(role: WebSocketRole, options: WebSocketOptions, mailbox: InboundMailbox, outbox: OutboundQueue) {
        self.options = options
        self.mailbox = mailbox
        self.outbox = outbox
        writer = FrameWriter(role: role)
        reader = MessageReader(
            role: role, maxMessageBytes: options.maxMessageBytes, acceptsBinary: options.acceptsBinary)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        lastHeard = .now()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        ping = context.eventLoop.scheduleRepeatedTask(
            initialDelay: options.pingInterval, delay: options.pingInterval
        ) { _ in bound.value.keepAlive() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended(WebSocketClosure(origin: .transport, code: nil, reason: "the connection was taken down"))
        self.context = nil
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = Self.unwrapInboundIn(data)
        lastHeard = .now()
        guard phase != .closed else { return }
        var events: [MessageReader.Event] = []
        var violation: MessageReader.Violation?
        buffer.withUnsafeReadableBytes { bytes in
            do throws(MessageReader.Violation) { try reader.read(bytes, into: &events) } catch { violation = error }
        }
        for event in events { take(event, context) }
        if let violation {
            guard phase == .open else { return cut(context) }
            // The stream has lost its frame boundaries: nothing more can be read, so there is no answer to wait for.
            startClose(.init(origin: .local, code: violation.code, reason: violation.reason), endsOutput: true)
            phase = .closed
        }
    }

    private func take(_ event: MessageReader.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .message(let message):
            guard phase == .open else { return }
            if mailbox.push(message) { isPaused = true }
        case .ping(let payload):
            guard phase == .open else { return }
            if context.channel.isWritable { writeControl(.pong, payload, context) } else { heldPong = payload }
        case .pong:
            break
        case .close(let code, let reason):
            if phase == .open {
                outbox.close(.init(origin: .remote, code: code, reason: reason))
                flushOutbox()
                writeLast(FrameWriter.closeBody(code, ""), context)
            } else if phase == .closing {
                // Our close frame is out and answered.
                context.close(mode: .output, promise: nil)
            }
            phase = .closed
            mailbox.finish()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.fireChannelReadComplete() }

    func read(context: ChannelHandlerContext) {
        guard !isPaused else {
            readWasHeldBack = true
            return
        }
        context.read()
    }

    /// The consumer has room again.
    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        // The silence was ours.
        lastHeard = .now()
        if readWasHeldBack {
            readWasHeldBack = false
            context?.read()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended(WebSocketClosure(origin: .transport, code: nil, reason: "the peer went away without a close frame"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ended(WebSocketClosure(origin: .transport, code: nil, reason: "\(error)"))
        context.close(promise: nil)
    }

    // MARK: Out

    /// Writes all that is queued, many small messages in one write, one flush.
    func flushOutbox() {
        let messages = outbox.takeAll()
        guard let context, !messages.isEmpty, phase == .open else { return }
        var batch = context.channel.allocator.buffer(capacity: 1024)
        var payload = 0
        for message in messages {
            writer.write(message.isText ? .text : .binary, message.bytes, into: &batch)
            payload += message.bytes.count
            if batch.readableBytes >= Self.batchBytes {
                write(batch, payload, context)
                batch = context.channel.allocator.buffer(capacity: 1024)
                payload = 0
            }
        }
        if batch.readableBytes > 0 { write(batch, payload, context) }
        context.flush()
    }

    private func write(_ batch: ByteBuffer, _ payload: Int, _ context: ChannelHandlerContext) {
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { [outbox] _ in outbox.written(payload) }
        context.write(Self.wrapOutboundOut(batch), promise: written)
    }

    private func writeControl(
        _ opcode: Opcode, _ payload: [UInt8], _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil
    ) {
        var buffer = context.channel.allocator.buffer(capacity: payload.count + FrameWriter.maxHeaderBytes)
        writer.write(opcode, payload, into: &buffer)
        context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, phase == .open, let payload = heldPong {
            heldPong = nil
            writeControl(.pong, payload, context)
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Life and end

    private func keepAlive() {
        guard let context, phase == .open else { return }
        // While we do not read we cannot hear.
        guard !isPaused else { return }
        if NIODeadline.now() - lastHeard > options.deadAfter {
            ended(
                WebSocketClosure(
                    origin: .transport, code: nil,
                    reason: "nothing was heard from the peer for \(options.deadAfter.nanoseconds / 1_000_000_000) s"))
            cut(context)
            return
        }
        if context.channel.isWritable { writeControl(.ping, [], context) }
    }

    /// Sends what is queued, then a close frame, then waits a little for the peer's. Only the first call counts.
    ///
    /// - Parameter endsOutput: whether our side of the connection ends with the close frame.
    func startClose(_ closure: WebSocketClosure, endsOutput: Bool = false) {
        guard let context, phase == .open else { return }
        outbox.close(closure)
        flushOutbox()
        phase = .closing
        mailbox.finish()
        isPaused = false
        let body = FrameWriter.closeBody(closure.code, closure.reason)
        if endsOutput {
            writeLast(body, context)
        } else {
            writeControl(.close, body, context)
            armCloseTimer(context)
        }
        if readWasHeldBack {
            readWasHeldBack = false
            context.read()
        }
    }

    /// Sends a close frame and ends our side behind it; the peer's bytes drain until it ends its side or time is up, so that
    /// no reset destroys the close frame.
    private func writeLast(_ body: [UInt8], _ context: ChannelHandlerContext) {
        armCloseTimer(context)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenSuccess { bound.value.close(mode: .output, promise: nil) }
        writeControl(.close, body, context, written)
    }

    private func armCloseTimer(_ context: ChannelHandlerContext) {
        guard closeTimer == nil else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        closeTimer = context.eventLoop.scheduleTask(in: options.closeTimeout) { bound.value.close(promise: nil) }
    }

    private func cut(_ context: ChannelHandlerContext) {
        phase = .closed
        context.close(promise: nil)
    }

    private func ended(_ closure: WebSocketClosure) {
        phase = .closed
        outbox.close(closure)
        mailbox.finish()
        ping?.cancel()
        ping = nil
        closeTimer?.cancel()
        closeTimer = nil
    }
}
