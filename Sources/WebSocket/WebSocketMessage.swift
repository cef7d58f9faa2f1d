/// One whole message.
public struct WebSocketMessage: Sendable, Equatable {
    /// Text is valid UTF-8.
    public var isText: Bool
    public var bytes: [UInt8]

    public init(isText: Bool, bytes: [UInt8]) {
        self.isText = isText
        self.bytes = bytes
    }
}
