#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A small file for a library that only reads files.
public enum TemporaryFile {
    /// - Returns: its path; whoever made it removes it.
    /// - Throws: `GitError` with the system's text.
    public static func make(_ bytes: [UInt8]) throws(GitError) -> String {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/cofferdam-XXXXXX".utf8CString)
        let file = template.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkstemp($0) } ?? -1 }
        guard file >= 0 else { throw Repository.systemError("make a file in \(folder)") }
        defer { close(file) }
        let path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = Repository.systemError("write \(path)")
                unlink(path)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        return path
    }
}
