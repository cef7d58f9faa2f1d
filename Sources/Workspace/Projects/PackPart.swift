import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A pack that is coming in pieces.
enum PackPart {
    /// - Returns: bytes of the pack that are there now. Data that does not begin where the file ends is left alone.
    /// - Throws: `ProjectStore.Failure`.
    static func append(_ data: [UInt8], at offset: Int, to path: String, total: Int) throws -> Int {
        let file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        guard size >= 0 else { throw failure() }
        guard offset == size, !data.isEmpty else { return size }
        guard size + data.count <= total else { throw ProjectStore.Failure.damaged("it is longer than it says") }
        guard FileBytes.write(data, to: file) else {
            let error = failure()
            // The piece comes again as a whole.
            _ = ftruncate(file, off_t(size))
            throw error
        }
        return size + data.count
    }

    /// Checks a whole pack and makes its objects the repository's, which is made where there is none.
    static func index(_ path: String, checksum: ObjectID, into repository: String) throws {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        do {
            let receiver = try PackReceiver(try Repository.create(bare: repository))
            var chunk = [UInt8](repeating: 0, count: 1 << 20)
            var tail: [UInt8] = []
            while true {
                let count = chunk.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure() }
                if count == 0 { break }
                tail = Array((tail + chunk[..<count].suffix(20)).suffix(20))
                try receiver.append(Array(chunk[..<count]))
            }
            guard tail == checksum.bytes else { throw ProjectStore.Failure.damaged("it is not the pack that it says") }
            try receiver.finish()
        } catch let error as GitError {
            if error.message.contains(String(cString: strerror(ENOSPC))) { throw ProjectStore.Failure.diskFull }
            throw ProjectStore.Failure.damaged(error.message)
        }
    }

    private static func failure() -> ProjectStore.Failure {
        errno == ENOSPC || errno == EDQUOT ? .diskFull : .disk(String(cString: strerror(errno)))
    }
}
