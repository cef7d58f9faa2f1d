/// Bounds on what a model endpoint may make the service hold or wait for. An endpoint is not trusted.
public struct ModelLimits: Sendable, Equatable {
    /// Longest line of an event stream, in bytes. The longest honest one is a whole tool call sent at once.
    public var maximumLineBytes = 8 << 20
    /// Longest answer, in bytes on the wire.
    public var maximumResponseBytes = 64 << 20
    /// Bytes of an error answer that are read; more tells a person nothing.
    public var maximumErrorBytes = 64 << 10
    /// Blocks of one answer; the largest honest answers have some dozens.
    public var maximumBlocks = 4096
    /// Time without a byte after which an answer counts as stalled. Models that think send nothing for a minute.
    public var idleTimeout: Duration = .seconds(120)
    /// Time to establish a connection, TLS included.
    public var connectTimeout: Duration = .seconds(10)

    /// Pictures that one request carries: Amazon takes no more, and from there on Anthropic takes only small ones.
    public static let pictures = 20
    /// Bytes of all pictures of one request: as Base64 they fit into Google's 20 MB beside a conversation.
    public static let pictureBytes = 12 << 20

    public init() {}
}
