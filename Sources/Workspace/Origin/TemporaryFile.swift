#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A small file for a library that only reads files.
enum TemporaryFile {
    /// - Returns: its path; whoever made it removes it.
    static func make(_ bytes: [UInt8]) throws(WorkspaceError) -> String {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/cofferdam-XXXXXX".utf8CString)
        let file = template.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkstemp($0) } ?? -1 }
        let path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        guard file >= 0 else { throw .fileFailed(path: folder, reason: String(cString: strerror(errno))) }
        defer { close(file) }
        guard FileBytes.write(bytes, to: file) else {
            unlink(path)
            throw .fileFailed(path: path, reason: String(cString: strerror(errno)))
        }
        return path
    }
}
