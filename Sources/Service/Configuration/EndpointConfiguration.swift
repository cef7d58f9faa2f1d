import NIOCore
import WebSocket

/// What the endpoint needs to know, validated.
public struct EndpointConfiguration: Sendable {
    public var addresses: [ListenAddress]
    public var tls: TLSFiles?
    /// Serve plain text on addresses that other machines reach.
    public var allowsPlaintext: Bool
    public var limits: Limits
    public var webSocket: WebSocketOptions

    /// PEM files.
    public struct TLSFiles: Sendable, Equatable {
        public var certificateChain: String
        public var privateKey: String

        public init(certificateChain: String, privateKey: String) {
            self.certificateChain = certificateChain
            self.privateKey = privateKey
        }
    }

    /// Bounds on what a peer can make the service hold before and after it is known.
    public struct Limits: Sendable {
        /// Open connections of any kind; the next one is closed at once.
        public var maxConnections = 1024
        /// Request line and headers together: tokens and proxies' headers fit many times.
        public var maxRequestHeadBytes = 16 << 10
        /// No request here needs a body; what comes is dropped up to this.
        public var maxRequestBodyBytes = 64 << 10
        /// From the connection's start to the request's end, TLS handshake included.
        public var requestTimeout = TimeAmount.seconds(10)
        /// From the upgrade to a good `initialize`.
        public var initializeTimeout = Duration.seconds(30)
        /// Sessions that one connection may be attached to.
        public var maxAttachments = 256

        public init() {}
    }

    public init(
        addresses: [ListenAddress], tls: TLSFiles? = nil, allowsPlaintext: Bool = false, limits: Limits = Limits(),
        webSocket: WebSocketOptions = WebSocketOptions()
    ) {
        self.addresses = addresses
        self.tls = tls
        self.allowsPlaintext = allowsPlaintext
        self.limits = limits
        self.webSocket = webSocket
    }
}
