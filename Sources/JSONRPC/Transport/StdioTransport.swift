/// Messages over a pair of file descriptors, usually standard input and output.
///
/// One thread reads and one writes, both blocking in `poll`, so that no thread of the concurrency pool ever waits for
/// the peer and the descriptors' flags (shared with whoever else holds them) stay as they are.
public final class StdioTransport: MessageTransport {
    public struct Options: Sendable {
        public var framing: FramingLimits
        /// Messages read but not consumed before reading pauses.
        public var maxUnreadMessages: Int
        /// Bytes of such messages.
        public var maxUnreadBytes: Int
        /// Bytes queued for the peer above which `send` suspends.
        public var sendHighWaterMark: Int
        /// How long `close` lets the peer take the last bytes.
        public var closeGrace: Duration
        /// Whether the descriptors are closed after the last byte. Not for standard input and output.
        public var ownsDescriptors: Bool

        public init(
            framing: FramingLimits = .default,
            maxUnreadMessages: Int = 64,
            maxUnreadBytes: Int = 4 * 1024 * 1024,
            sendHighWaterMark: Int = 1024 * 1024,
            closeGrace: Duration = .seconds(5),
            ownsDescriptors: Bool = false
        ) {
            self.framing = framing
            self.maxUnreadMessages = maxUnreadMessages
            self.maxUnreadBytes = maxUnreadBytes
            self.sendHighWaterMark = sendHighWaterMark
            self.closeGrace = closeGrace
            self.ownsDescriptors = ownsDescriptors
        }
    }

    public let inbound: AsyncStream<TransportEvent>
    private let pump: DescriptorPump

    /// Starts reading at once. With `.detect`, messages are held back until the peer's first byte tells the framing;
    /// should it never come, `close` writes them by lines.
    public init(input: Int32, output: Int32, framing: Framing, options: Options = Options()) {
        let pump = DescriptorPump(input: input, output: output, framing: framing, options: options)
        self.pump = pump
        inbound = AsyncStream {
            await pump.inbox.next()
        } onCancel: {
            pump.inbox.close()
        }
        pump.start()
    }

    deinit {
        pump.stop()
    }

    public func send(_ message: [UInt8]) async throws {
        try await pump.outbox.send(message)
    }

    public func close() async {
        pump.stop()
        await pump.waitUntilStopped()
    }
}
