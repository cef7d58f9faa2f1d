/// Cuts a byte stream into frames, whatever pieces it arrives in. Holds one frame and one piece at most.
public struct FrameDecoder {
    public struct Frame: Sendable, Equatable {
        public var type: UInt8
        public var payload: ArraySlice<UInt8>

        public init(type: UInt8, payload: ArraySlice<UInt8>) {
            self.type = type
            self.payload = payload
        }
    }

    private var buffer: [UInt8] = []
    private var start = 0

    public init() {}

    /// Bytes that wait for the rest of their frame.
    public var pending: Int { buffer.count - start }

    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0 {
            buffer.removeSubrange(..<start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next complete frame, or nil when more bytes are needed.
    public mutating func next() throws(ProtocolError) -> Frame? {
        guard pending >= ByteWriter.headerSize else { return nil }
        var header = ByteReader(buffer[start...])
        let length = Int(try header.read(UInt32.self))
        guard length <= ProtocolLimits.maximumPayload else { throw .payloadTooLarge(length) }
        let type = try header.read(UInt8.self)
        guard pending >= ByteWriter.headerSize + length else { return nil }
        let body = start + ByteWriter.headerSize
        start = body + length
        return Frame(type: type, payload: buffer[body..<body + length])
    }
}
