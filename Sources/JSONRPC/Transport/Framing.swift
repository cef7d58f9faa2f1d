/// How messages are told apart in a byte stream.
public enum Framing: Sendable, Hashable {
    /// LSP base protocol: a header with `Content-Length` in bytes, an empty line, the body.
    case contentLength
    /// One message a line, as in ACP and MCP. Messages must hold no raw newline.
    case newline
    /// Decided by the first non-blank byte of the peer: `C` or `c` begins a header, `{` or `[` a line.
    case detect

    /// A message with its framing, as it goes on the wire. `detect` frames by lines.
    public func frame(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        append(message, to: &bytes)
        return bytes
    }

    func append(_ message: [UInt8], to bytes: inout [UInt8]) {
        switch self {
        case .contentLength:
            bytes.append(contentsOf: "Content-Length: \(message.count)\r\n\r\n".utf8)
            bytes.append(contentsOf: message)
        case .newline, .detect:
            bytes.append(contentsOf: message)
            bytes.append(UInt8(ascii: "\n"))
        }
    }
}

/// Bounds on what a peer may make the framer hold.
public struct FramingLimits: Sendable, Hashable {
    /// The most bytes of a header block. Real ones have 30 to 80.
    public var maxHeaderBytes: Int
    /// The most bytes of one message.
    public var maxBodyBytes: Int

    public init(maxHeaderBytes: Int = 8 * 1024, maxBodyBytes: Int = 64 * 1024 * 1024) {
        self.maxHeaderBytes = maxHeaderBytes
        self.maxBodyBytes = maxBodyBytes
    }

    /// 8 KiB of header, 64 MiB of body.
    public static let `default` = FramingLimits()
}
