/// Turns bytes from the network into messages and control frames: framing, masking, fragments, UTF-8 and every bound of
/// RFC 6455, with no I/O. Text is checked as it comes, so a bad byte is noticed before its frame is complete.
///
/// No extension is ever negotiated, so a reserved bit is an error.
struct MessageReader {
    enum Event: Equatable {
        case message(WebSocketMessage)
        case ping([UInt8])
        case pong([UInt8])
        /// `code` is absent when the frame had no body.
        case close(code: WebSocketCloseCode?, reason: String)
    }

    /// Why the connection must end, and the code that tells the peer.
    struct Violation: Error, Equatable {
        var code: WebSocketCloseCode
        var reason: String

        init(_ code: WebSocketCloseCode, _ reason: String) {
            self.code = code
            self.reason = reason
        }
    }

    private let expectsMask: Bool
    private let maxMessageBytes: Int
    private let acceptsBinary: Bool

    /// The frame's first 2 to 14 bytes, until all of them are there.
    private var header: [UInt8] = []
    private var headerNeeds = 2
    private var frame: Frame?
    /// The message under way: its type and what came of it.
    private var messageType: Opcode?
    private var message: [UInt8] = []
    private var control: [UInt8] = []
    private var text = UTF8Validator()

    private struct Frame {
        var opcode: Opcode
        var isFinal: Bool
        var remaining: Int
        /// Mask in memory order, as it applies to the next byte.
        var mask: UInt32
    }

    init(role: WebSocketRole, maxMessageBytes: Int, acceptsBinary: Bool) {
        expectsMask = role == .server
        self.maxMessageBytes = maxMessageBytes
        self.acceptsBinary = acceptsBinary
        header.reserveCapacity(14)
    }

    /// Takes `bytes` whole; what they completed is appended to `events`, also when a violation is thrown.
    mutating func read(_ bytes: UnsafeRawBufferPointer, into events: inout [Event]) throws(Violation) {
        var rest = bytes
        while true {
            if frame == nil {
                while header.count < headerNeeds, let byte = rest.first {
                    header.append(byte)
                    rest = .init(rebasing: rest.dropFirst())
                    if header.count == 2 { try checkStart() }
                }
                guard header.count == headerNeeds else { return }
                try beginFrame()
            }
            guard var current = frame else { return }
            let take = min(current.remaining, rest.count)
            if take > 0 {
                try append(.init(rebasing: rest.prefix(take)), of: &current)
                rest = .init(rebasing: rest.dropFirst(take))
                frame = current
            }
            guard current.remaining == 0 else { return }
            frame = nil
            try endFrame(current, into: &events)
        }
    }

    // MARK: Header

    /// What the first two bytes alone can tell.
    private mutating func checkStart() throws(Violation) {
        guard header[0] & 0x70 == 0 else { throw Violation(.protocolError, "a reserved bit is set") }
        guard let opcode = Opcode(rawValue: header[0] & 0x0F) else {
            throw Violation(.protocolError, "unknown opcode \(header[0] & 0x0F)")
        }
        let masked = header[1] & 0x80 != 0
        guard masked == expectsMask else {
            throw Violation(.protocolError, masked ? "a server's frame is masked" : "a client's frame is not masked")
        }
        let length = header[1] & 0x7F
        if opcode.isControl {
            guard header[0] & 0x80 != 0 else { throw Violation(.protocolError, "a control frame is fragmented") }
            guard length <= 125 else { throw Violation(.protocolError, "a control frame is over 125 bytes") }
        } else if opcode == .continuation {
            guard messageType != nil else { throw Violation(.protocolError, "a continuation with nothing to continue") }
        } else {
            guard messageType == nil else {
                throw Violation(.protocolError, "a new message inside a fragmented one")
            }
            guard opcode == .text || acceptsBinary else {
                throw Violation(.unsupportedData, "binary messages are not taken")
            }
        }
        headerNeeds = 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (masked ? 4 : 0)
    }

    private mutating func beginFrame() throws(Violation) {
        guard let opcode = Opcode(rawValue: header[0] & 0x0F) else { return }
        let short = header[1] & 0x7F
        let lengthBytes = short == 126 ? 2 : short == 127 ? 8 : 0
        var length = UInt64(short)
        if lengthBytes > 0 {
            length = header[2..<2 + lengthBytes].reduce(0) { $0 << 8 | UInt64($1) }
            guard length >> 63 == 0 else { throw Violation(.protocolError, "a length with its highest bit set") }
            guard length > (lengthBytes == 2 ? 125 : 65535) else {
                throw Violation(.protocolError, "a length not in its shortest form")
            }
        }
        let sofar = opcode.isControl ? 0 : message.count
        guard length <= UInt64(maxMessageBytes - min(sofar, maxMessageBytes)) || opcode.isControl else {
            throw Violation(.messageTooBig, "a message is over \(maxMessageBytes) bytes")
        }
        var mask: UInt32 = 0
        if expectsMask {
            for (shift, byte) in header.suffix(4).enumerated() { mask |= UInt32(byte) << UInt32(8 * shift) }
        }
        if !opcode.isControl, opcode != .continuation {
            messageType = opcode
            text = UTF8Validator()
        }
        frame = Frame(
            opcode: opcode, isFinal: header[0] & 0x80 != 0, remaining: Int(length), mask: UInt32(littleEndian: mask))
        header.removeAll(keepingCapacity: true)
        headerNeeds = 2
    }

    // MARK: Payload

    private mutating func append(_ bytes: UnsafeRawBufferPointer, of frame: inout Frame) throws(Violation) {
        frame.remaining -= bytes.count
        if frame.opcode.isControl {
            let start = control.count
            control.append(contentsOf: bytes)
            frame.mask = control.withUnsafeMutableBytes { Masking.apply(frame.mask, to: $0, from: start) }
            return
        }
        let start = message.count
        message.append(contentsOf: bytes)
        if expectsMask {
            frame.mask = message.withUnsafeMutableBytes { Masking.apply(frame.mask, to: $0, from: start) }
        }
        if messageType == .text {
            let valid = message.withUnsafeBytes { text.consume(.init(rebasing: $0[start...])) }
            guard valid else { throw Violation(.invalidPayload, "text that is not UTF-8") }
        }
    }

    private mutating func endFrame(_ frame: Frame, into events: inout [Event]) throws(Violation) {
        switch frame.opcode {
        case .ping: events.append(.ping(takeControl()))
        case .pong: events.append(.pong(takeControl()))
        case .close: events.append(try closeEvent(takeControl()))
        case .continuation, .text, .binary:
            guard frame.isFinal else { return }
            let isText = messageType == .text
            guard !isText || text.isComplete else {
                throw Violation(.invalidPayload, "text that ends inside a character")
            }
            messageType = nil
            let bytes = message
            message = []
            events.append(.message(WebSocketMessage(isText: isText, bytes: bytes)))
        }
    }

    private mutating func takeControl() -> [UInt8] {
        let bytes = control
        control = []
        return bytes
    }

    private func closeEvent(_ body: [UInt8]) throws(Violation) -> Event {
        if body.isEmpty { return .close(code: nil, reason: "") }
        guard body.count >= 2 else { throw Violation(.protocolError, "a close frame with half a code") }
        let code = WebSocketCloseCode(rawValue: UInt16(body[0]) << 8 | UInt16(body[1]))
        guard code.isAllowedOnTheWire else { throw Violation(.protocolError, "close code \(code.rawValue)") }
        guard let reason = String(validating: body[2...], as: UTF8.self) else {
            throw Violation(.invalidPayload, "a close reason that is not UTF-8")
        }
        return .close(code: code, reason: reason)
    }
}
