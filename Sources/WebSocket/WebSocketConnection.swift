import NIOCore

/// One WebSocket connection after its handshake: whole messages both ways, with backpressure both ways.
public final class WebSocketConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<WebSocketHandler>
    private let mailbox: InboundMailbox
    private let outbox: OutboundQueue

    private init(
        channel: any Channel, handler: NIOLoopBound<WebSocketHandler>, mailbox: InboundMailbox, outbox: OutboundQueue
    ) {
        self.channel = channel
        self.handler = handler
        self.mailbox = mailbox
        self.outbox = outbox
    }

    /// Puts the WebSocket layer at the end of a channel whose HTTP handshake is over. Call it on the channel's event loop.
    public static func install(
        on channel: any Channel, role: WebSocketRole, options: WebSocketOptions
    ) throws -> WebSocketConnection {
        let mailbox = InboundMailbox(highWater: options.inboundHighWater)
        let outbox = OutboundQueue(highWater: options.outboundHighWater, maxMessageBytes: options.maxMessageBytes)
        let handler = WebSocketHandler(role: role, options: options, mailbox: mailbox, outbox: outbox)
        let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        try channel.pipeline.syncOperations.addHandler(handler)
        return WebSocketConnection(channel: channel, handler: bound, mailbox: mailbox, outbox: outbox)
    }

    /// The next message; nil when the connection has ended or the task is cancelled. For one consumer.
    public func next() async -> WebSocketMessage? {
        await mailbox.next { [channel, handler] in
            channel.eventLoop.execute { handler.value.resumeReading() }
        }
    }

    /// Queues a message, in the order of the calls, and suspends while the peer is slow.
    ///
    /// - Throws: `WebSocketError`; or `CancellationError` when cancelled while waiting for room: the message is sent all the same.
    public func send(_ message: WebSocketMessage) async throws {
        let admission = try outbox.enqueue(message)
        if admission.wakesLoop { channel.eventLoop.execute { [handler] in handler.value.flushOutbox() } }
        if admission.isFull { try await outbox.waitForRoom() }
    }

    /// Sends what is queued and a close frame, and returns when the connection is down: `WebSocketOptions.closeTimeout`
    /// after the call at the latest.
    public func close(_ code: WebSocketCloseCode = .normal, reason: String = "") async {
        channel.eventLoop.execute { [handler] in
            handler.value.startClose(WebSocketClosure(origin: .local, code: code, reason: reason))
        }
        await waitForClose()
    }

    /// Cuts the connection, with no close frame.
    public func abort() { channel.close(promise: nil) }

    /// Returns when the connection is down.
    public func waitForClose() async { try? await channel.closeFuture.get() }

    /// How it ended; nil while it is open.
    public var closure: WebSocketClosure? { outbox.closure }

    /// The peer's address as the log shows it.
    public var peer: String { channel.remoteAddress.map { "\($0)" } ?? "unknown" }
}
