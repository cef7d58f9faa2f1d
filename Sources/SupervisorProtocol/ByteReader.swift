/// Reads fields from the payload of one frame. Total: any bytes give a value or a ``ProtocolError``, never a trap.
public struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    public init(_ bytes: [UInt8]) {
        self.init(bytes[...])
    }

    public var remaining: Int { bytes.endIndex - index }

    public mutating func read<T: FixedWidthInteger>(_: T.Type = T.self) throws(ProtocolError) -> T {
        let size = T.bitWidth / 8
        guard remaining >= size else { throw .truncated }
        var value: T = 0
        for position in 0..<size {
            value |= T(truncatingIfNeeded: bytes[index + position]) << T(truncatingIfNeeded: 8 * position)
        }
        index += size
        return value
    }

    /// An unsigned 64-bit field that must fit into an `Int`.
    public mutating func readCount(_ field: String, atMost limit: Int = .max) throws(ProtocolError) -> Int {
        let value: UInt64 = try read()
        guard let count = Int(exactly: value), count <= limit else { throw .invalidValue(field) }
        return count
    }

    public mutating func readBool(_ field: String) throws(ProtocolError) -> Bool {
        switch try read(UInt8.self) {
        case 0: false
        case 1: true
        default: throw .invalidValue(field)
        }
    }

    public mutating func readBytes(atMost limit: Int = ProtocolLimits.maximumPayload) throws(ProtocolError) -> [UInt8] {
        let count = Int(try read(UInt32.self))
        guard count <= limit else { throw .payloadTooLarge(count) }
        guard count <= remaining else { throw .truncated }
        defer { index += count }
        return Array(bytes[index..<index + count])
    }

    /// Text without zero bytes.
    public mutating func readText(atMost limit: Int = ProtocolLimits.maximumPayload) throws(ProtocolError) -> String {
        let raw = try readBytes(atMost: limit)
        guard !raw.contains(0), let text = String(validating: raw, as: UTF8.self) else { throw .invalidText }
        return text
    }

    public mutating func readTexts() throws(ProtocolError) -> [String] {
        let count = Int(try read(UInt32.self))
        // Each needs four bytes at least, so a lying count cannot reserve memory.
        guard count <= ProtocolLimits.maximumStrings, count * 4 <= remaining else { throw .invalidValue("count") }
        var list: [String] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try readText()) }
        return list
    }

    public mutating func readID() throws(ProtocolError) -> ExecID {
        ExecID(high: try read(), low: try read())
    }

    public func expectEnd() throws(ProtocolError) {
        guard remaining == 0 else { throw .trailingBytes(remaining) }
    }
}
