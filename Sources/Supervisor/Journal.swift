import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Output and exit records of every command, in a directory that the sandbox cannot see.
///
/// `<uuid>.out` and `<uuid>.err` hold the streams by offset; `<uuid>.exit` exists once the command has ended. Records that
/// find the disk full go to the `reserve` (``Reserve``).
struct Journal: Sendable {
    let directory: Int32

    func outputName(_ id: ExecID, _ stream: OutputStream) -> String {
        "\(id).\(stream == .stdout ? "out" : "err")"
    }

    /// A new, empty file to write and read; a negative errno when it cannot be made.
    func create(_ id: ExecID, _ stream: OutputStream) -> Int32 {
        let descriptor = openat(
            directory, outputName(id, stream), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        return descriptor < 0 ? -errno : descriptor
    }

    /// Opens a stream's file to read; a negative errno when there is none.
    func open(_ id: ExecID, _ stream: OutputStream) -> Int32 {
        let descriptor = openat(directory, outputName(id, stream), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        return descriptor < 0 ? -errno : descriptor
    }

    /// Writes the exit record and flushes it to disk, so that it may be announced. Zero, or an errno.
    func write(_ record: ExitRecord, for id: ExecID) -> Int32 {
        let descriptor = openat(directory, "\(id).exit", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return errno }
        defer { System.close(descriptor) }
        let error = record.journalBytes().withUnsafeBytes { System.writeAll(descriptor, $0).error }
        if error != 0 { return error }
        return fdatasync(descriptor) == 0 ? 0 : errno
    }

    /// The record of an ended command; nil when there is none or it is incomplete.
    func record(of id: ExecID) -> ExitRecord? {
        let descriptor = openat(directory, "\(id).exit", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { System.close(descriptor) }
        guard let bytes = System.readAt(descriptor, offset: 0, count: 16 << 10) else { return nil }
        return try? ExitRecord(journalBytes: bytes)
    }
}

/// The journal's reserve: a file that was written once from end to end, so that what is written over it needs no space.
struct Reserve {
    /// -1 when it could not be made.
    private let file: Int32
    private var used: Int
    private var records: [ExecID: ExitRecord]

    /// Takes what an earlier supervisor had to keep here to where it belongs, if there is space now.
    init(journal: Journal) {
        let descriptor = openat(
            journal.directory, JournalReserve.fileName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        let size = JournalReserve.slots * JournalReserve.slotSize
        let present = descriptor < 0 ? [] : System.readAt(descriptor, offset: 0, count: size) ?? []
        let left = JournalReserve.records(in: present).filter { journal.write($0.value, for: $0.key) != 0 }
        var isReady = present.count == size
        if left.isEmpty, descriptor >= 0, !isReady || present.contains(where: { $0 != 0 }) {
            let zeros = [UInt8](repeating: 0, count: size)
            isReady = zeros.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) == $0.count }
        }
        if descriptor >= 0, !isReady { System.close(descriptor) }
        file = isReady ? descriptor : -1
        records = left
        used = left.isEmpty ? 0 : JournalReserve.slots - present.trailingZeros / JournalReserve.slotSize
    }

    /// Keeps a record; false when there is no place left.
    mutating func write(_ record: ExitRecord, for id: ExecID) -> Bool {
        guard file >= 0, used < JournalReserve.slots else { return false }
        let slot = JournalReserve.slot(record, for: id)
        let offset = used * JournalReserve.slotSize
        let count = slot.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(offset)) }
        guard count == slot.count, fdatasync(file) == 0 else { return false }
        used += 1
        records[id] = record
        return true
    }

    func record(of id: ExecID) -> ExitRecord? { records[id] }
}

extension [UInt8] {
    fileprivate var trailingZeros: Int { reversed().prefix { $0 == 0 }.count }
}
