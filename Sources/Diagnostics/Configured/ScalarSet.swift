/// Which ASCII characters a text has, to see quickly that a pattern cannot match.
struct ASCIIMask: Sendable, Equatable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    mutating func insert(_ scalar: UInt32) {
        if scalar < 64 { low |= 1 << UInt64(scalar) } else if scalar < 128 { high |= 1 << UInt64(scalar - 64) }
    }

    func contains(_ scalar: UInt32) -> Bool {
        scalar < 64 ? low & (1 << UInt64(scalar)) != 0 : scalar < 128 && high & (1 << UInt64(scalar - 64)) != 0
    }

    mutating func formUnion(_ other: Self) { (low, high) = (low | other.low, high | other.high) }

    func isSubset(of other: Self) -> Bool { low & ~other.low == 0 && high & ~other.high == 0 }
}

/// A set of scalars: `[a-z_]`, `\d`, `[^:]`.
struct ScalarSet: Sendable, Equatable {
    private var ascii = ASCIIMask()
    private var others: [ClosedRange<UInt32>] = []
    var isNegated = false

    private static let mostRanges = 128

    init(_ ranges: [ClosedRange<UInt32>] = [], isNegated: Bool = false) {
        for range in ranges { insert(range) }
        self.isNegated = isNegated
    }

    init(_ ranges: ClosedRange<Character>...) {
        for range in ranges {
            guard let from = range.lowerBound.unicodeScalars.first, let to = range.upperBound.unicodeScalars.first
            else { continue }
            insert(from.value...to.value)
        }
    }

    mutating func insert(_ range: ClosedRange<UInt32>) {
        if range.lowerBound < 128 {
            for scalar in range.lowerBound...min(127, range.upperBound) { ascii.insert(scalar) }
        }
        if range.upperBound >= 128, others.count < Self.mostRanges {
            others.append(max(128, range.lowerBound)...range.upperBound)
        }
    }

    mutating func formUnion(_ other: Self) {
        guard other.isNegated else {
            ascii.formUnion(other.ascii)
            for range in other.others { insert(range) }
            return
        }
        for scalar in UInt32(0)..<128 where other.contains(scalar) { ascii.insert(scalar) }
        // Sets that are used negated within others (`\S`, `\D`, `\W`) have nothing beyond ASCII but a few blanks.
        insert(128...0x10FFFF)
    }

    /// Adds the other case of each letter of ASCII.
    mutating func ignoreCase() {
        for letter in UInt32(0x41)...0x5A where ascii.contains(letter) || ascii.contains(letter | 0x20) {
            ascii.insert(letter)
            ascii.insert(letter | 0x20)
        }
    }

    func contains(_ scalar: UInt32) -> Bool {
        let isIn = scalar < 128 ? ascii.contains(scalar) : others.contains { $0.contains(scalar) }
        return isIn != isNegated
    }

    static let digit = ScalarSet("0"..."9")
    static let word = ScalarSet("0"..."9", "A"..."Z", "a"..."z", "_"..."_")
    static let blank = ScalarSet([0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x2000...0x200A, 0x3000...0x3000])

    var negated: ScalarSet {
        var set = self
        set.isNegated.toggle()
        return set
    }
}
