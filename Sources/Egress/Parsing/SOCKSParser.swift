import NIOCore

/// The server's side of a SOCKS version 5 dialogue (RFC 1928), in any pieces.
struct SOCKSParser {
    enum Step: Equatable {
        case needsMore
        /// To be sent; then ask again.
        case reply([UInt8])
        /// The client wants this; answer it with ``answer(_:)``.
        case connect(EgressTarget)
        /// To be sent, then the connection is over.
        case refuse([UInt8], EgressReason, host: String, port: Int)
    }

    /// Reply codes, RFC 1928 section 6.
    enum Code: UInt8 {
        case succeeded = 0
        case generalFailure = 1
        case notAllowed = 2
        case networkUnreachable = 3
        case hostUnreachable = 4
        case refused = 5
        case timedOut = 6
        case commandNotSupported = 7
        case addressTypeNotSupported = 8
    }

    private static let version: UInt8 = 5
    private static let noAuthentication: UInt8 = 0
    private static let noAcceptableMethod: UInt8 = 0xFF

    private var isGreeted = false
    private var bytes: [UInt8] = []

    /// Whether a first byte was seen.
    var isStarted: Bool { isGreeted || !bytes.isEmpty }

    /// A reply; the bound address is of no use to a client and is never told.
    static func answer(_ code: Code) -> [UInt8] { [version, code.rawValue, 0, 1, 0, 0, 0, 0, 0, 0] }

    /// Takes the bytes of the dialogue and no further.
    mutating func read(_ buffer: inout ByteBuffer) -> Step {
        isGreeted ? request(&buffer) : greeting(&buffer)
    }

    private mutating func greeting(_ buffer: inout ByteBuffer) -> Step {
        guard fill(1, from: &buffer) else { return .needsMore }
        // A client of another protocol would not understand an answer.
        guard bytes[0] == Self.version else { return .refuse([], .unsupported, host: "", port: 0) }
        guard fill(2, from: &buffer), fill(2 + Int(bytes[1]), from: &buffer) else { return .needsMore }
        let methods = bytes[2...]
        guard methods.contains(Self.noAuthentication) else {
            return .refuse([Self.version, Self.noAcceptableMethod], .unsupported, host: "", port: 0)
        }
        isGreeted = true
        bytes.removeAll()
        return .reply([Self.version, Self.noAuthentication])
    }

    private mutating func request(_ buffer: inout ByteBuffer) -> Step {
        guard fill(4, from: &buffer) else { return .needsMore }
        guard bytes[0] == Self.version, bytes[2] == 0 else { return refusal(.generalFailure, .invalidRequest) }
        guard bytes[1] == 1 else { return refusal(.commandNotSupported, .unsupported) }
        var hostStart = 4
        let hostCount: Int
        switch bytes[3] {
        case 1: hostCount = 4
        case 4: hostCount = 16
        case 3:
            guard fill(5, from: &buffer) else { return .needsMore }
            hostStart = 5
            hostCount = Int(bytes[4])
        default: return refusal(.addressTypeNotSupported, .unsupported)
        }
        guard fill(hostStart + hostCount + 2, from: &buffer) else { return .needsMore }
        let host = bytes[hostStart..<hostStart + hostCount]
        let port = Int(bytes[hostStart + hostCount]) << 8 | Int(bytes[hostStart + hostCount + 1])
        let parsed: EgressHost? =
            switch bytes[3] {
            case 1: .address(IPAddress(v4: host))
            case 4: .address(IPAddress(v6: host))
            // Brackets belong to URIs.
            default: host.first == UInt8(ascii: "[") ? nil : EgressHost(host)
            }
        guard let parsed, port > 0 else {
            return .refuse(
                Self.answer(.notAllowed), .invalidHost, host: Printable.text(host, most: 256), port: port)
        }
        return .connect(EgressTarget(host: parsed, port: port))
    }

    private func refusal(_ code: Code, _ reason: EgressReason) -> Step {
        .refuse(Self.answer(code), reason, host: "", port: 0)
    }

    /// Whether `bytes` reaches `count` now.
    private mutating func fill(_ count: Int, from buffer: inout ByteBuffer) -> Bool {
        let missing = count - bytes.count
        if missing > 0, let more = buffer.readBytes(length: min(missing, buffer.readableBytes)) { bytes += more }
        return bytes.count >= count
    }
}

/// Hostile bytes made fit for a log.
enum Printable {
    /// Visible ASCII as it is, all else as `\xNN`; cut at `most` bytes.
    static func text(_ bytes: some Sequence<UInt8>, most: Int) -> String {
        var text = ""
        for byte in bytes {
            if text.utf8.count >= most { return text + "…" }
            if byte > 0x20, byte < 0x7F {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "\\x" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}
