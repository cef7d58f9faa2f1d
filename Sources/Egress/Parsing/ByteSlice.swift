/// Reads the length-prefixed vectors of TLS (RFC 8446 section 3.4).
struct ByteSlice {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isEmpty: Bool { rest.isEmpty }

    mutating func skip(_ count: Int) -> Bool { take(count) != nil }

    mutating func integer8() -> UInt8? { take(1)?.first }

    mutating func integer16() -> UInt16? {
        take(2).map { $0.reduce(0) { $0 << 8 | UInt16($1) } }
    }

    mutating func vector8() -> ArraySlice<UInt8>? { integer8().flatMap { take(Int($0)) } }

    mutating func vector16() -> ArraySlice<UInt8>? { integer16().flatMap { take(Int($0)) } }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
