/// Builds one frame: u32 length of the payload, u8 type, payload. Integers are little-endian.
public struct ByteWriter {
    public private(set) var bytes: [UInt8]

    /// Bytes in front of the payload.
    public static let headerSize = 5

    public init(type: UInt8, capacity: Int = 64) {
        bytes = []
        bytes.reserveCapacity(Self.headerSize + capacity)
        bytes.append(contentsOf: [0, 0, 0, 0, type])
    }

    /// A writer without a header, for records in files.
    public init() {
        bytes = []
    }

    public mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    public mutating func write(_ value: some Collection<UInt8>) {
        write(UInt32(clamping: value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func write(_ text: String) {
        write(Array(text.utf8))
    }

    public mutating func write(_ list: [String]) {
        write(UInt32(clamping: list.count))
        for text in list { write(text) }
    }

    public mutating func write(_ id: ExecID) {
        write(id.high)
        write(id.low)
    }

    /// The frame with its length filled in.
    public consuming func finish() -> [UInt8] {
        let length = UInt32(clamping: bytes.count - Self.headerSize)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index)) }
        return bytes
    }
}
