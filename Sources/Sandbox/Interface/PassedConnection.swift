/// A connection that a program in a sandbox made to one of its proxy ports, handed out of the sandbox.
///
/// The receiver owns the descriptor and closes it; nothing else does.
public struct PassedConnection: Sendable, Equatable {
    /// What the program took it for.
    public enum Kind: UInt8, Sendable, Equatable {
        /// HTTP proxy (port 3128): CONNECT and plain requests.
        case http = 1
        /// SOCKS5 (port 1080).
        case socks = 2
        /// The model gateway (port 3129): plain HTTP.
        case models = 3
    }

    /// A connected TCP socket of the sandbox's network namespace, non-blocking and close-on-exec.
    public let descriptor: Int32
    public let kind: Kind

    public init(descriptor: Int32, kind: Kind) {
        self.descriptor = descriptor
        self.kind = kind
    }
}
