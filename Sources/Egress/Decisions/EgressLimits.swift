import NIOCore

/// Bounds of a gateway, each with its reason. All are per session.
public struct EgressLimits: Sendable {
    /// Open client connections. Package managers use up to 64; each may hold two descriptors of the service.
    public var maxConnections = 256
    /// A request's or response's head. Servers commonly take 8 to 16 KiB; cookies make it larger.
    public var maxHeadBytes = 64 << 10
    /// Header fields in a head.
    public var maxHeaders = 128
    /// One line of a head. Presigned URLs are a few KiB.
    public var maxLineBytes = 16 << 10
    /// A TLS client hello with its record framing. Post-quantum key shares make it about 2 KiB; RFC 8446 allows more.
    public var maxHelloBytes = 32 << 10
    /// For the whole request head, SOCKS dialogue, client hello or TLS handshake of the client.
    public var handshakeTimeout = TimeAmount.seconds(30)
    /// For each address that is tried.
    public var connectTimeout = TimeAmount.seconds(10)
    /// For the name to resolve.
    public var resolveTimeout = TimeAmount.seconds(15)
    /// Without a byte in either direction. Long polls and slow builds need minutes.
    public var idleTimeout = TimeAmount.seconds(600)
    /// Addresses of one name that are tried.
    public var maxAddresses = 8

    /// Everything between a request and the connection for it.
    var busyTimeout: TimeAmount { resolveTimeout + connectTimeout * maxAddresses + handshakeTimeout }

    /// Bytes that wait in one direction before the sender is held back: more than one read, so that it goes on while
    /// one waits. With a read on top a connection holds at most 576 KiB in each direction, and some records more where
    /// the gateway ends TLS.
    static let highWaterMark = 320 << 10
    static let lowWaterMark = 64 << 10
    /// One read; large reads make the tunnel fast.
    static let maxRead = 256 << 10
    /// Reads before it is looked whether the other side takes the bytes.
    static let readsAtOnce: UInt = 1
    /// Bytes of a path in a decision.
    public static let maxReportedPath = 512
    /// Server contexts kept for intercepted hosts; one is some 30 KiB.
    static let maxCachedHosts = 128

    public init() {}
}
