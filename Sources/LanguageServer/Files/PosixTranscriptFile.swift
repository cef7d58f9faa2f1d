#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A transcript on disk, locked against other language servers for as long as it is open.
struct PosixTranscriptFile: TranscriptFile {
    let path: String
    let descriptor: Descriptor

    func append(_ bytes: [UInt8]) throws(FileAccessError) {
        if let code = writeAll(bytes, to: descriptor) {
            throw .system(operation: "write", path: path, code: code)
        }
    }
}

extension PosixFileAccess {
    public func openTranscript(named name: String, in directory: String) throws(FileAccessError) -> any TranscriptFile {
        try PrivateFiles.makeDirectories(directory)
        let preferred = "\(directory)/\(name).md"
        if let file = try lockedFile(at: preferred) { return file }
        let second = "\(directory)/\(name)-\(getpid()).md"
        if let file = try lockedFile(at: second) { return file }
        throw .system(operation: "lock", path: second, code: EWOULDBLOCK)
    }

    /// Nil when another process holds it.
    private func lockedFile(at path: String) throws(FileAccessError) -> PosixTranscriptFile? {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC
        let raw = open(path, flags, 0o600)
        guard raw >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        let descriptor = Descriptor(raw)
        guard flock(raw, LOCK_EX | LOCK_NB) == 0 else { return nil }
        guard ftruncate(raw, 0) == 0 else { throw .system(operation: "empty", path: path, code: errno) }
        return PosixTranscriptFile(path: path, descriptor: descriptor)
    }
}
