#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What `errno` means, in words.
func systemMessage(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}

/// A file descriptor that is closed when the last reference goes.
final class Descriptor: Sendable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    deinit { _ = close(raw) }
}

/// Writes all, also across signals and short writes. Returns `errno` on failure.
func writeAll(_ bytes: [UInt8], to descriptor: Descriptor) -> Int32? {
    var offset = 0
    while offset < bytes.count {
        let written = bytes.withUnsafeBytes { buffer -> Int in
            guard let base = buffer.baseAddress else { return 0 }
            return write(descriptor.raw, base + offset, buffer.count - offset)
        }
        if written < 0 {
            if errno == EINTR { continue }
            return errno
        }
        offset += written
    }
    return nil
}

/// Reads to the end. Fails with `EFBIG` beyond `limit` bytes, otherwise with the system's code.
func readAll(_ descriptor: Descriptor, limit: Int) -> Result<[UInt8], SystemError> {
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        let count = chunk.withUnsafeMutableBytes { read(descriptor.raw, $0.baseAddress, $0.count) }
        if count < 0 {
            if errno == EINTR { continue }
            return .failure(SystemError(code: errno))
        }
        if count == 0 { return .success(result) }
        if result.count + count > limit { return .failure(SystemError(code: EFBIG)) }
        result += chunk[..<count]
    }
}

/// A failed system call.
struct SystemError: Error {
    var code: Int32
}
