import NIOCore

/// Writes whole frames, header and payload in one buffer; a message always goes in one frame.
struct FrameWriter {
    let role: WebSocketRole

    /// Longest header: 2 bytes, 8 of length, 4 of mask.
    static let maxHeaderBytes = 14

    func write(_ opcode: Opcode, _ payload: [UInt8], into buffer: inout ByteBuffer) {
        buffer.reserveCapacity(minimumWritableBytes: payload.count + Self.maxHeaderBytes)
        buffer.writeInteger(0x80 | opcode.rawValue)
        let maskBit: UInt8 = role == .client ? 0x80 : 0
        switch payload.count {
        case 0...125:
            buffer.writeInteger(maskBit | UInt8(payload.count))
        case 126...65535:
            buffer.writeInteger(maskBit | 126)
            buffer.writeInteger(UInt16(payload.count))
        default:
            buffer.writeInteger(maskBit | 127)
            buffer.writeInteger(UInt64(payload.count))
        }
        guard role == .client else {
            buffer.writeBytes(payload)
            return
        }
        // The system's generator, as RFC 6455 section 10.3 asks for masks that a page cannot predict.
        let mask = UInt32.random(in: .min ... .max)
        withUnsafeBytes(of: mask) { _ = buffer.writeBytes($0) }
        let start = buffer.writerIndex
        buffer.writeBytes(payload)
        buffer.withVeryUnsafeMutableBytes { all in
            // Index 0 of `all` is the buffer's first byte, read or not; the payload is its last part but spare capacity.
            let window = UnsafeMutableRawBufferPointer(rebasing: all[start..<start + payload.count])
            _ = Masking.apply(mask, to: window, from: 0)
        }
    }

    /// The body of a close frame: the code and as much of `reason` as fits, cut between characters.
    static func closeBody(_ code: WebSocketCloseCode?, _ reason: String) -> [UInt8] {
        guard let code else { return [] }
        var body = [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]
        for character in reason {
            let bytes = Array(String(character).utf8)
            guard body.count + bytes.count <= 125 else { break }
            body += bytes
        }
        return body
    }
}
