/// What an address is good for, by the registries of RFC 6890 and its successors.
enum AddressClass: Sendable, Equatable {
    /// Globally reachable.
    case global
    /// Loopback, private, shared, unique-local, benchmark and documentation ranges: reachable by a rule that says so.
    case local
    /// Link-local, and what clouds serve metadata on: only when a rule lists exactly this address.
    case sensitive
    /// Never a sound peer of a TCP connection, or a form that hides another address.
    case unusable

    init(_ address: IPAddress) {
        switch address {
        case .v4(let value): self = Self.classify(value)
        case .v6(let high, let low): self = Self.classify(high: high, low: low)
        }
    }

    private struct Range {
        var base: UInt32
        var bits: UInt32
        var kind: AddressClass

        init(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, _ bits: UInt32, _ kind: AddressClass) {
            base = a << 24 | b << 16 | c << 8 | d
            self.bits = bits
            self.kind = kind
        }

        func contains(_ value: UInt32) -> Bool { (value ^ base) >> (32 - bits) == 0 }
    }

    /// The first that contains an address decides.
    private static let ranges: [Range] = [
        Range(0, 0, 0, 0, 8, .unusable),  // this network, RFC 791
        Range(10, 0, 0, 0, 8, .local),  // RFC 1918
        Range(100, 100, 100, 200, 32, .sensitive),  // metadata at Alibaba Cloud
        Range(100, 64, 0, 0, 10, .local),  // shared, RFC 6598
        Range(127, 0, 0, 0, 8, .local),  // loopback
        Range(168, 63, 129, 16, 32, .sensitive),  // the platform's own server at Azure
        Range(169, 254, 0, 0, 16, .sensitive),  // link-local, RFC 3927; 169.254.169.254 is metadata
        Range(172, 16, 0, 0, 12, .local),  // RFC 1918
        Range(192, 0, 0, 192, 32, .sensitive),  // metadata at Oracle Cloud
        Range(192, 0, 0, 0, 24, .unusable),  // protocol assignments, RFC 6890
        Range(192, 0, 2, 0, 24, .local),  // documentation, RFC 5737
        Range(192, 88, 99, 0, 24, .unusable),  // 6to4 relays, RFC 7526
        Range(192, 168, 0, 0, 16, .local),  // RFC 1918
        Range(198, 18, 0, 0, 15, .local),  // benchmarks, RFC 2544
        Range(198, 51, 100, 0, 24, .local),  // documentation
        Range(203, 0, 113, 0, 24, .local),  // documentation
        Range(224, 0, 0, 0, 4, .unusable),  // multicast
        Range(240, 0, 0, 0, 4, .unusable),  // reserved, and broadcast
    ]

    private static func classify(_ value: UInt32) -> AddressClass {
        ranges.first { $0.contains(value) }?.kind ?? .global
    }

    private static func classify(high: UInt64, low: UInt64) -> AddressClass {
        if high == 0 && low == 1 { return .local }
        // fd00:ec2::254 at Amazon, fd20:ce::254 at Google.
        if low == 0x254 && (high == 0xFD00_0EC2 << 32 || high == 0xFD20_00CE << 32) { return .sensitive }
        if high >> 57 == 0xFC >> 1 { return .local }  // unique local, RFC 4193
        if high >> 54 == 0xFE80 >> 6 { return .sensitive }  // link-local
        // All else outside 2000::/3 is reserved, multicast, or embeds IPv4: mapped and compatible ::/96, NAT64 64:ff9b::/16.
        guard high >> 61 == 0b001 else { return .unusable }
        if high >> 32 == 0x2001_0DB8 { return .local }  // documentation, RFC 3849
        if high >> 44 == 0x3FFF0 { return .local }  // documentation, RFC 9637
        if high >> 41 == 0x2001_0000 >> 9 { return .unusable }  // 2001::/23: Teredo, ORCHID, benchmarks
        if high >> 48 == 0x2002 { return .unusable }  // 6to4
        // ISATAP (RFC 5214) hides an IPv4 address in the interface identifier.
        if low >> 32 == 0x0000_5EFE || low >> 32 == 0x0200_5EFE { return .unusable }
        return .global
    }
}
