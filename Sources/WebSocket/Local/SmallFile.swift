#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Small files that matter, token files above all: read whole with a bound, replaced in one step.
public enum SmallFile {
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public var path: String
        public var reason: String

        public var description: String { "\(path): \(reason)" }

        static func system(_ path: String) -> Failure {
            Failure(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// - Parameter objection: sees the permission bits of the opened file and may say why it must not be used.
    public static func read(
        _ path: String, maxBytes: Int, objection: (mode_t) -> String? = { _ in nil }
    ) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(path) }
        defer { _ = close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(path: path, reason: "it is not a regular file") }
        if let reason = objection(status.st_mode & 0o7777) { throw Failure(path: path, reason: reason) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = chunk.withUnsafeMutableBytes { buffer in
                #if canImport(Glibc)
                    Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                #else
                    Darwin.read(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= maxBytes else { throw Failure(path: path, reason: "it is over \(maxBytes) bytes") }
        }
    }

    /// Makes a directory and those above it, mode 0700, where they are missing.
    public static func makeDirectories(_ path: String) throws(Failure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw .system(path)
        }
        try makeDirectories(String(path[..<slash]))
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system(path) }
    }

    /// A reader sees the old file or the new one, never a part.
    public static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(Failure) {
        let temporary = "\(path).\(getpid()).new"
        _ = unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .system(temporary) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let failure = Failure.system(temporary)
                _ = close(descriptor)
                _ = unlink(temporary)
                throw failure
            }
            written += count
        }
        _ = close(descriptor)
        guard rename(temporary, path) == 0 else { throw .system(path) }
    }
}
