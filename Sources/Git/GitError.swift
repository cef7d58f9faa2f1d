import Clibgit2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An error of libgit2, its text read on the thread that failed.
public struct GitError: Error, Sendable, Equatable, CustomStringConvertible {
    public var operation: String
    public var code: Int32
    public var message: String

    public var description: String { "git: \(operation): \(message) (\(code))" }

    /// Reads the thread's last error; call it before anything else happens on the thread.
    static func last(_ operation: String, _ code: Int32) -> GitError {
        let reason = errno
        let message = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) }
        // Of a write that failed it often says nothing, or what it said of something else before.
        if code == -1, diskFailures.contains(reason) {
            return GitError(operation: operation, code: code, message: String(cString: strerror(reason)))
        }
        return GitError(operation: operation, code: code, message: message ?? "unknown error")
    }

    private static let diskFailures = [ENOSPC, EDQUOT, EROFS, EIO, EFBIG]
}

/// - Throws: `GitError` when the call did not return zero or more.
func check(_ operation: String, _ code: Int32) throws(GitError) {
    if code < 0 { throw .last(operation, code) }
}
