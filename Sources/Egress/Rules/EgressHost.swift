/// The host of a connection, normalised: two spellings of one host are equal, and what is ambiguous does not exist.
enum EgressHost: Sendable, Hashable, CustomStringConvertible {
    /// Lower case, without a trailing dot.
    case name(String)
    case address(IPAddress)

    /// A DNS name has at most 253 bytes and its labels 63 (RFC 1035 section 2.3.4).
    static let maxNameBytes = 253
    static let maxLabelBytes = 63

    /// Reads a host as it stands in a URI, a `Host` header, a SOCKS request or a server name.
    ///
    /// Nil for all that is neither a plain ASCII name nor a canonical address: other bytes than letters, digits, hyphen,
    /// underscore and dot; empty or long labels; and names that end in a number, because resolvers read
    /// `127.1`, `0x7f.1`, `2130706433` or `0177.0.0.1` as addresses (WHATWG URL, "ends in a number").
    init?(_ text: some Sequence<UInt8>) {
        var bytes = Array(text)
        if bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") {
            guard case .v6 = IPAddress(String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)) else {
                return nil
            }
            bytes = Array(bytes.dropFirst().dropLast())
        }
        if let address = IPAddress(String(decoding: bytes, as: UTF8.self)) {
            self = .address(address)
            return
        }
        if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        guard (1...Self.maxNameBytes).contains(bytes.count) else { return nil }
        for index in bytes.indices {
            switch bytes[index] {
            case 0x41...0x5A: bytes[index] |= 0x20
            case 0x61...0x7A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): break
            default: return nil
            }
        }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard
            labels.allSatisfy({
                (1...Self.maxLabelBytes).contains($0.count) && $0.first != UInt8(ascii: "-")
                    && $0.last != UInt8(ascii: "-")
            }), let last = labels.last, !Self.isNumber(last)
        else { return nil }
        self = .name(String(decoding: bytes, as: UTF8.self))
    }

    init?(_ text: String) { self.init(text.utf8) }

    /// Brackets around IPv6, as in a URI.
    var description: String {
        switch self {
        case .name(let name): name
        case .address(.v4(let value)): IPAddress.v4(value).description
        case .address(let address): "[\(address)]"
        }
    }

    /// Without brackets.
    var plain: String {
        switch self {
        case .name(let name): name
        case .address(let address): address.description
        }
    }

    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        if label.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
        guard label.starts(with: [0x30, 0x78]) else { return false }
        return label.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
