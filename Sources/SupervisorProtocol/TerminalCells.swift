/// Size of a terminal.
public struct TerminalCells: Sendable, Equatable {
    public var columns: UInt16
    public var rows: UInt16

    public init(columns: UInt16, rows: UInt16) {
        self.columns = columns
        self.rows = rows
    }

    func write(to writer: inout ByteWriter) {
        writer.write(columns)
        writer.write(rows)
    }

    init(from reader: inout ByteReader) throws(ProtocolError) {
        columns = try reader.read()
        rows = try reader.read()
    }
}
