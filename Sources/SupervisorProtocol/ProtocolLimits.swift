/// Bounds of the protocol between service and supervisor. Both sides enforce all of them.
public enum ProtocolLimits {
    /// Version of the messages; the two sides must have the same.
    public static let version: UInt16 = 3
    /// First field of the first message, so that a wrong peer is noticed at once.
    public static let magic: UInt32 = 0x4346_5344
    /// Largest payload: bounds what one side makes the other hold before a message is complete.
    public static let maximumPayload = 1 << 20
    /// Bytes in one output message: small enough that other messages slip in between.
    public static let outputChunk = 64 << 10
    /// Bytes in one part of a file that is read or written.
    public static let filePart = 256 << 10
    /// Arguments and variables of a command.
    public static let maximumStrings = 16 << 10
    /// Longest path (the kernel's own limit).
    public static let maximumPath = 4095
    /// Absolute paths beneath it may be named beside those of the workspace, which are relative.
    public static let scratchDirectory = "/tmp"
    /// Most entries in one listing, over all its parts.
    public static let maximumEntries = 200_000
    /// Commands that run at the same time in one sandbox.
    public static let maximumRunning = 128
    /// Files that are being written at the same time.
    public static let maximumOpenWrites = 16
    /// Longest name of a limit.
    public static let maximumName = 256
    /// Most bytes of interactive input that wait in the supervisor for one command to read them.
    public static let inputWindow = 256 << 10
    /// Bytes in one part of interactive input.
    public static let inputPart = 64 << 10
    /// Most bytes that the supervisor may be ahead of the reader of one command.
    public static let maximumWindow = 8 << 20
}

/// Why bytes are no valid message. The connection cannot go on after one.
public enum ProtocolError: Error, Equatable, Sendable {
    case truncated
    case payloadTooLarge(Int)
    case unknownMessage(UInt8)
    case invalidValue(String)
    case invalidText
    case trailingBytes(Int)
    case wrongPeer
    case versionMismatch(UInt16)
}

extension ProtocolError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated: "a message ends too early"
        case .payloadTooLarge(let size): "a message of \(size) bytes is above the limit"
        case .unknownMessage(let type): "unknown message type \(type)"
        case .invalidValue(let field): "invalid value in “\(field)”"
        case .invalidText: "text is not UTF-8 or holds a zero byte"
        case .trailingBytes(let count): "\(count) bytes too many in a message"
        case .wrongPeer: "the peer does not speak this protocol"
        case .versionMismatch(let version): "the peer speaks version \(version), not \(ProtocolLimits.version)"
        }
    }
}
