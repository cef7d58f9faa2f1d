import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Small helpers around file descriptors of the service.
enum Descriptors {
    static func close(_ descriptor: Int32) {
        guard descriptor >= 0 else { return }
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }

    /// Reads once: bytes, an empty array at the end, nil when there is nothing now or on an error.
    static func read(_ descriptor: Int32, atMost count: Int = 64 << 10) -> [UInt8]? {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            repeat {
                #if canImport(Glibc)
                    result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                #else
                    result = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
                #endif
            } while result < 0 && errno == EINTR
            filled = max(0, result)
        }
        return result < 0 ? nil : bytes
    }

    /// Writes once: the count, 0 when the other side is not ready, nil on an error.
    static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            while true {
                // No SIGPIPE: the other end may be gone at any moment.
                let count = Self.send(descriptor, buffer)
                if count >= 0 { return count }
                if errno == EAGAIN { return 0 }
                if errno != EINTR { return nil }
            }
        }
    }

    private static func send(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        #else
            Darwin.send(descriptor, buffer.baseAddress, buffer.count, 0)
        #endif
    }

    /// The same of a file beneath a directory, no link followed on the way.
    static func contents(ofFile path: String, beneath directory: String, limit: Int) -> [UInt8]? {
        let root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { return nil }
        defer { close(root) }
        let descriptor = cspawn_open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, CSPAWN_NO_SYMLINKS)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return contents(of: descriptor, limit: limit)
    }

    /// A whole small file; nil when it cannot be read or is larger than `limit`.
    /// Never waits for what is no file (`read` gives nothing then).
    static func contents(ofFile path: String, limit: Int, followLink: Bool = true) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (followLink ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return contents(of: descriptor, limit: limit)
    }

    private static func contents(of descriptor: Int32, limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while let part = read(descriptor) {
            if part.isEmpty { return bytes }
            bytes += part
            if bytes.count > limit { return nil }
        }
        return nil
    }

    static func monotonicMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
    }
}
