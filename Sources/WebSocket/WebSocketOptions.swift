import NIOCore

/// Which end of the connection this is: it decides who masks (RFC 6455 section 5.1).
public enum WebSocketRole: Sendable {
    /// Masks what it sends, refuses masked frames.
    case client
    /// Refuses unmasked frames, never masks.
    case server
}

/// Bounds and timing of one WebSocket connection.
public struct WebSocketOptions: Sendable {
    /// Largest message taken or sent, in bytes, whether in one frame or many. A bigger one ends the connection (1009).
    public var maxMessageBytes = 64 << 20
    /// Whether binary messages are taken; if not, the first one ends the connection (1003).
    public var acceptsBinary = false
    /// How often a ping is sent.
    public var pingInterval = TimeAmount.seconds(20)
    /// A peer from which nothing came for so long, pongs included, is dead.
    public var deadAfter = TimeAmount.seconds(45)
    /// How long the peer has to answer a close frame before the connection is cut.
    public var closeTimeout = TimeAmount.seconds(2)
    /// Reading from the network stops while the application has more than this waiting, in bytes.
    public var inboundHighWater = 1 << 20
    /// `send` suspends while more than this is on its way to the peer, in bytes.
    public var outboundHighWater = 1 << 20

    public init() {}
}
