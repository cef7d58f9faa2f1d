#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The file of a pack, outside of a repository.
enum PackFile {
    /// Calls `body` with the file's bytes in pieces.
    static func read(_ path: String, _ body: ([UInt8]) throws(GitError) -> Void) throws(GitError) {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw Repository.systemError("read \(path)") }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { unsafeRead(file, $0) }
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                throw Repository.systemError("read \(path)")
            }
            try body(Array(buffer[..<count]))
        }
    }

    private static func unsafeRead(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }

    static func remove(_ path: String) { unlink(path) }
}
