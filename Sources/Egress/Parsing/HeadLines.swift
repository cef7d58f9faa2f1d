import NIOCore

/// Collects the lines of a head, in any pieces. The rules are stricter than RFC 9112, which lets recipients accept bare line
/// feeds: where two parsers could see different lines, there is no message.
struct HeadLines {
    private let limits: EgressLimits
    private var lines: [[UInt8]] = []
    private var line: [UInt8] = []
    private var bytes = 0
    private var sawCarriageReturn = false

    init(limits: EgressLimits) { self.limits = limits }

    /// Whether a first byte was seen.
    var isStarted: Bool { bytes > 0 }

    /// Takes bytes up to the end of the head and no further.
    ///
    /// - Returns: the lines without their ends; nil while the head is not complete.
    mutating func read(_ buffer: inout ByteBuffer) throws(HTTPError) -> [[UInt8]]? {
        let view = buffer.readableBytesView
        var index = view.startIndex
        defer { buffer.moveReaderIndex(to: index) }
        while index < view.endIndex {
            let byte = view[index]
            index += 1
            bytes += 1
            guard bytes <= limits.maxHeadBytes else { throw .headTooLarge }
            if sawCarriageReturn {
                guard byte == 0x0A else { throw .bareCarriageReturn }
                sawCarriageReturn = false
                if line.isEmpty {
                    guard !lines.isEmpty else { throw .badStartLine }
                    return lines
                }
                lines.append(line)
                line.removeAll(keepingCapacity: true)
                guard lines.count <= limits.maxHeaders + 1 else { throw .tooManyFields }
            } else if byte == 0x0D {
                sawCarriageReturn = true
            } else {
                guard byte != 0x0A else { throw .bareLineFeed }
                guard line.count < limits.maxLineBytes else { throw .lineTooLong }
                line.append(byte)
            }
        }
        return nil
    }
}
