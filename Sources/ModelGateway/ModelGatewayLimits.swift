/// Bounds on what the programs of one sandbox may have the service do. They are hostile.
public struct ModelGatewayLimits: Sendable, Equatable {
    /// Requests that are answered at the same time.
    public var concurrency = 4
    /// Requests within any minute.
    public var requestsPerMinute = 120
    /// Longest body of a request. Pictures are what makes one long.
    public var maximumBodyBytes = 16 << 20
    /// Connections that are open at the same time.
    public var maximumConnections = 32
    /// How long a request may take to arrive, and how long a connection may wait for its next one, in seconds.
    public var requestSeconds = 120
    /// Seconds without a word to the program after which a stream says that it is alive.
    public var keepAliveSeconds = 10

    /// Messages of a conversation; the longest honest ones have some hundreds.
    static let maximumMessages = 10_000
    /// Tools on offer; more than any model can tell apart.
    static let maximumTools = 512
    /// Bytes of a name.
    static let maximumName = 256

    public init() {}
}
