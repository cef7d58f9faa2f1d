import NIOCore

/// Looks at the first bytes of a TLS server: a HelloRetryRequest (RFC 8446 section 4.1.4) makes the client send a second
/// hello, which could name another server than the one that was checked.
struct ServerFirstFlight {
    enum Answer: Equatable {
        case needsMore
        case retry
        case other
    }

    /// Record header, message header, version; then the random value.
    private static let randomOffset = 5 + 4 + 2

    /// SHA-256 of "HelloRetryRequest".
    static let retryRandom: [UInt8] = [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
        0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
    ]

    private var start: [UInt8] = []

    /// Looks at bytes in the order of their arrival, without taking them.
    mutating func look(at buffer: ByteBuffer) -> Answer {
        let wanted = Self.randomOffset + Self.retryRandom.count
        start += buffer.readableBytesView.prefix(wanted - start.count)
        if let type = start.first, type != 22 { return .other }
        if start.count > 5, start[5] != 2 { return .other }
        guard start.count == wanted else { return .needsMore }
        return start[Self.randomOffset...].elementsEqual(Self.retryRandom) ? .retry : .other
    }
}
