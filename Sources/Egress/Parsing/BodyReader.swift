import NIOCore

/// Takes a body out of its framing, in any pieces.
struct BodyReader {
    enum Step: Equatable {
        case data(ByteBuffer)
        case needsMore
        case end
    }

    /// Trailers are dropped; more of them than this is no trailer.
    private static let maxTrailerBytes = 8 << 10
    /// Extensions of chunks are dropped; nobody uses them.
    private static let maxExtensionBytes = 256

    private enum State: Equatable {
        case plain(Int)
        case untilClose
        case size(value: Int, digits: Int)
        case `extension`(value: Int, bytes: Int)
        case sizeEnd(Int)
        case chunk(Int)
        case chunkEnd
        case chunkLineFeed
        case trailer(bytes: Int, lineBytes: Int, sawCarriageReturn: Bool)
        case done
    }

    private var state: State
    private let allowsExtensions: Bool

    /// - Parameter allowsExtensions: for responses; in requests they are a way to hide a line end.
    init(_ framing: BodyFraming, allowsExtensions: Bool) {
        self.allowsExtensions = allowsExtensions
        state =
            switch framing {
            case .none, .length(0): .done
            case .length(let count): .plain(count)
            case .chunked: .size(value: 0, digits: 0)
            case .untilClose: .untilClose
            }
    }

    var isDone: Bool { state == .done }
    /// Whether the end of the connection ends this body.
    var endsWithConnection: Bool { state == .untilClose }

    mutating func next(_ buffer: inout ByteBuffer) throws(HTTPError) -> Step {
        while true {
            switch state {
            case .done: return .end
            case .untilClose:
                guard let data = buffer.readSlice(length: buffer.readableBytes), data.readableBytes > 0 else {
                    return .needsMore
                }
                return .data(data)
            case .plain(let left):
                guard let data = take(left, from: &buffer) else { return .needsMore }
                state = data.readableBytes == left ? .done : .plain(left - data.readableBytes)
                return .data(data)
            case .chunk(let left):
                guard let data = take(left, from: &buffer) else { return .needsMore }
                state = data.readableBytes == left ? .chunkEnd : .chunk(left - data.readableBytes)
                return .data(data)
            default:
                guard let byte = buffer.readInteger(as: UInt8.self) else { return .needsMore }
                try step(byte)
            }
        }
    }

    private func take(_ most: Int, from buffer: inout ByteBuffer) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        return buffer.readSlice(length: min(most, buffer.readableBytes))
    }

    private mutating func step(_ byte: UInt8) throws(HTTPError) {
        switch state {
        case .size(let value, let digits):
            if let digit = HTTPSyntax.hexValue(byte) {
                // 15 digits are under 2^60.
                guard digits < 15 else { throw .badChunk }
                state = .size(value: value << 4 | Int(digit), digits: digits + 1)
            } else if digits > 0, byte == 0x0D {
                state = .sizeEnd(value)
            } else if digits > 0, byte == UInt8(ascii: ";"), allowsExtensions {
                state = .extension(value: value, bytes: 0)
            } else {
                throw .badChunk
            }
        case .extension(let value, let bytes):
            if byte == 0x0D {
                state = .sizeEnd(value)
            } else {
                guard bytes < Self.maxExtensionBytes, byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else {
                    throw .badChunk
                }
                state = .extension(value: value, bytes: bytes + 1)
            }
        case .sizeEnd(let value):
            guard byte == 0x0A else { throw .badChunk }
            state = value == 0 ? .trailer(bytes: 0, lineBytes: 0, sawCarriageReturn: false) : .chunk(value)
        case .chunkEnd:
            guard byte == 0x0D else { throw .badChunk }
            state = .chunkLineFeed
        case .chunkLineFeed:
            guard byte == 0x0A else { throw .badChunk }
            state = .size(value: 0, digits: 0)
        case .trailer(let bytes, let lineBytes, let sawCarriageReturn):
            guard bytes < Self.maxTrailerBytes else { throw .badChunk }
            if sawCarriageReturn {
                guard byte == 0x0A else { throw .badChunk }
                state = lineBytes == 0 ? .done : .trailer(bytes: bytes + 1, lineBytes: 0, sawCarriageReturn: false)
            } else if byte == 0x0D {
                state = .trailer(bytes: bytes + 1, lineBytes: lineBytes, sawCarriageReturn: true)
            } else {
                guard byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else { throw .badChunk }
                state = .trailer(bytes: bytes + 1, lineBytes: lineBytes + 1, sawCarriageReturn: false)
            }
        case .plain, .untilClose, .chunk, .done: break
        }
    }
}
