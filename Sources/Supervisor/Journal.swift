import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Output and exit records of every command, in a directory that the sandbox cannot see.
///
/// `<uuid>.out` and `<uuid>.err` hold the streams by offset; `<uuid>.exit` exists once the command has ended.
struct Journal {
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

    /// Writes the exit record and flushes it to disk, so that it may be announced.
    func write(_ record: ExitRecord, for id: ExecID) -> Bool {
        let descriptor = openat(directory, "\(id).exit", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return false }
        defer { System.close(descriptor) }
        let written = record.journalBytes().withUnsafeBytes { System.writeAll(descriptor, $0) }
        return written && fdatasync(descriptor) == 0
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
