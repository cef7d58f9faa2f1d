import Glibc
import NIOCore

/// An IPv4 or IPv6 address.
public enum IPAddress: Sendable, Hashable, CustomStringConvertible {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// Parses the canonical dotted form of IPv4 (four decimal numbers without leading zeros) and any RFC 4291 form of
    /// IPv6 without a zone. Nil for all else, the short, octal and hexadecimal forms of `inet_aton` among it.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        if let address = Self.dottedQuad(bytes) {
            self = .v4(address)
            return
        }
        // The longest form has 45 bytes; NUL would end the C string early.
        guard bytes.count <= 45, bytes.contains(UInt8(ascii: ":")), !bytes.contains(0) else { return nil }
        var storage = in6_addr()
        guard inet_pton(AF_INET6, String(text), &storage) == 1 else { return nil }
        self = withUnsafeBytes(of: &storage) { Self(v6: Array($0)) }
    }

    /// The address of a socket; nil for a unix socket.
    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let address):
            self = .v4(UInt32(bigEndian: address.address.sin_addr.s_addr))
        case .v6(let address):
            var storage = address.address.sin6_addr
            self = withUnsafeBytes(of: &storage) { Self(v6: Array($0)) }
        default: return nil
        }
    }

    /// - Parameter bytes: 16 bytes in network order.
    init(v6 bytes: some Collection<UInt8>) {
        let high = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = bytes.dropFirst(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        self = .v6(high: high, low: low)
    }

    /// - Parameter bytes: 4 bytes in network order.
    init(v4 bytes: some Collection<UInt8>) {
        self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
    }

    func socketAddress(port: Int) throws -> SocketAddress {
        switch self {
        case .v4(let value):
            var bytes = ByteBuffer()
            bytes.writeInteger(value)
            return try SocketAddress(packedIPAddress: bytes, port: port)
        case .v6(let high, let low):
            var bytes = ByteBuffer()
            bytes.writeMultipleIntegers(high, low)
            return try SocketAddress(packedIPAddress: bytes, port: port)
        }
    }

    /// Canonical: dotted for IPv4, RFC 5952 for IPv6, without brackets.
    public var description: String {
        switch self {
        case .v4(let value):
            return "\(value >> 24).\(value >> 16 & 0xFF).\(value >> 8 & 0xFF).\(value & 0xFF)"
        case .v6(let high, let low):
            var storage = in6_addr()
            withUnsafeMutableBytes(of: &storage) { bytes in
                bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard inet_ntop(AF_INET6, &storage, &text, socklen_t(text.count)) != nil else { return "::" }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func dottedQuad(_ bytes: [UInt8]) -> UInt32? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
                part.count == 1 || part.first != 0x30
            else { return nil }
            let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
            guard number <= 255 else { return nil }
            value = value << 8 | number
        }
        return value
    }
}
