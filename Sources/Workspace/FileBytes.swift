#if canImport(Glibc)
    import Glibc

    private let systemRead = Glibc.read
    private let systemWrite = Glibc.write
#else
    import Darwin

    private let systemRead = Darwin.read
    private let systemWrite = Darwin.write
#endif

/// Whole-file input and output on descriptors, with interrupted calls tried again.
public enum FileBytes {
    /// Copies everything from one descriptor to the other.
    static func copy(from input: Int32, to output: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { systemRead(input, $0.baseAddress, $0.count) }
            if count == 0 { return true }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            guard buffer.withUnsafeBytes({ write($0[..<count], to: output) }) else { return false }
        }
    }

    static func write(_ bytes: [UInt8], to output: Int32) -> Bool {
        bytes.withUnsafeBytes { write($0[...], to: output) }
    }

    static func write(_ bytes: Slice<UnsafeRawBufferPointer>, to output: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let chunk = UnsafeRawBufferPointer(rebasing: rest)
            let count = systemWrite(output, chunk.baseAddress, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Makes or replaces a file.
    /// - Returns: false with `errno` set when not all of it could be written.
    public static func write(_ bytes: [UInt8], toFile path: String, mode: mode_t) -> Bool {
        let output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)
        guard output >= 0 else { return false }
        let isWritten = write(bytes, to: output)
        return close(output) == 0 && isWritten
    }

    /// The bytes of a regular file, not following a link at its end.
    /// - Returns: nil when it is not there, is no regular file, or holds more than `limit` bytes.
    public static func read(_ path: String, limit: Int) -> [UInt8]? {
        let input = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard input >= 0 else { return nil }
        defer { close(input) }
        return read(input, limit: limit)
    }

    static func read(_ input: Int32, limit: Int) -> [UInt8]? {
        var status = stat()
        guard fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size))
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let count = buffer.withUnsafeMutableBytes { systemRead(input, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            bytes.append(contentsOf: buffer[..<count])
        }
        return nil
    }

    /// The target of a symbolic link as bytes.
    public static func readLink(_ path: String) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = buffer.withUnsafeMutableBytes { raw -> Int in
            guard let start = raw.baseAddress else { return -1 }
            return readlink(path, start.assumingMemoryBound(to: CChar.self), raw.count)
        }
        return length >= 0 ? Array(buffer[..<length]) : nil
    }
}
