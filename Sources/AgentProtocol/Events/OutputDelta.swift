/// `outputDelta`: bytes that a command of a tool call or a check wrote.
public struct OutputDelta: Codable, Sendable, Equatable {
    public var itemId: String
    public var stream: OutputStream
    /// Byte offset in this stream.
    public var offset: Int
    /// The bytes as text, when they are valid UTF-8.
    public var text: String?
    /// The bytes otherwise.
    public var base64: String?

    public init(itemId: String, stream: OutputStream, offset: Int, text: String? = nil, base64: String? = nil) {
        self.itemId = itemId
        self.stream = stream
        self.offset = offset
        self.text = text
        self.base64 = base64
    }
}
