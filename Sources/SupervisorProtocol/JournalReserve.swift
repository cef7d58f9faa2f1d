/// The file in a journal that has its place on the disk from the start, for exit records that find the disk full.
///
/// It is a row of slots of equal size: the id of a command, the length, and what would be its `.exit` file. Id zero is an
/// empty slot.
public enum JournalReserve {
    public static let fileName = "reserve"
    public static let slotSize = 1024
    public static let slots = 64
    private static let headerSize = 18
    /// Longest text that a record may hold to fit.
    private static let maximumText = 256

    /// A slot with this record; texts are cut so that it fits.
    public static func slot(_ record: ExitRecord, for id: ExecID) -> [UInt8] {
        var short = record
        if case .couldNotStart(let errno, let message) = record.end {
            short.end = .couldNotStart(errno: errno, message: cut(message))
        }
        short.limit = cut(record.limit)
        let bytes = short.journalBytes()
        var writer = ByteWriter()
        writer.write(id)
        writer.write(UInt16(clamping: bytes.count))
        var slot = writer.bytes + bytes
        slot += [UInt8](repeating: 0, count: max(0, slotSize - slot.count))
        return slot
    }

    /// The record of a command in the contents of the file; nil when there is none that is whole.
    public static func record(of id: ExecID, in bytes: [UInt8]) -> ExitRecord? {
        records(in: bytes)[id]
    }

    /// All records that are whole.
    public static func records(in bytes: [UInt8]) -> [ExecID: ExitRecord] {
        var records: [ExecID: ExitRecord] = [:]
        for start in stride(from: 0, through: bytes.count - slotSize, by: slotSize) {
            var reader = ByteReader(bytes[start..<start + slotSize])
            guard let id = try? reader.readID(), let length: UInt16 = try? reader.read() else {
                continue
            }
            let body = start + headerSize
            guard body + Int(length) <= start + slotSize else { continue }
            if let record = try? ExitRecord(journalBytes: Array(bytes[body..<body + Int(length)])) {
                records[id] = record
            }
        }
        return records
    }

    private static func cut(_ text: String) -> String {
        var short = text
        while short.utf8.count > maximumText { short.removeLast(max(1, (short.utf8.count - maximumText) / 4)) }
        return short
    }
}
