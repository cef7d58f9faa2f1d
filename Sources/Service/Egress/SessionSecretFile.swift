#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A secret of one session, kept from the service that made it to a later one.
///
/// The directory is seen by no sandbox, and nobody but the service's user may read the file. It ends with the session.
struct SessionSecretFile {
    let path: String

    /// A key and a certificate with names of hosts are the longest.
    private static let maximumSize = 1 << 20

    /// What is kept; nil when there is none that only the service's user could have written.
    func read() -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_mode & 0o077 == 0, status.st_size <= Self.maximumSize
        else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= Self.maximumSize {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? String(validating: bytes, as: UTF8.self) : nil }
            bytes += buffer[..<count]
        }
        return nil
    }

    func remove() { unlink(path) }

    /// Never into a file that is there: another might have it open.
    func write(_ text: String) throws(NetworkDirectoryError) {
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure() }
            bytes = bytes.dropFirst(count)
        }
    }

    private func failure() -> NetworkDirectoryError {
        NetworkDirectoryError(path: path, reason: String(cString: strerror(errno)))
    }
}
