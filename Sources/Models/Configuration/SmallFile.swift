#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a file could not be read or written.
struct FileError: Error {
    var reason: String

    static func lastError() -> FileError {
        FileError(reason: String(cString: strerror(errno)))
    }
}

/// Whole small files, without Foundation.
enum SmallFile {
    /// The file's bytes; at most `maximumBytes`, so that a device or a huge file cannot fill the memory.
    static func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError.lastError() }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, &buffer, buffer.count)
            #else
                let count = Darwin.read(descriptor, &buffer, buffer.count)
            #endif
            if count == 0 { return result }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw FileError.lastError()
            }
            guard result.count + count <= maximumBytes else {
                throw FileError(reason: "it is larger than \(maximumBytes) bytes")
            }
            result.append(contentsOf: buffer[..<count])
        }
    }

    /// Puts `bytes` in the file's place, readable by its owner only; a reader sees the old or the new file, never half.
    static func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
        let temporary = path + ".\(getpid()).\(UInt32.random(in: .min ... .max)).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError.lastError() }
        do throws(FileError) {
            try writeAll(bytes, to: descriptor)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        guard close(descriptor) == 0, rename(temporary, path) == 0 else {
            let error = FileError.lastError()
            unlink(temporary)
            throw error
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError.lastError()
            }
            rest = rest.dropFirst(count)
        }
    }
}
