import Clibgit2

/// An error of libgit2, its text read on the thread that failed.
public struct GitError: Error, Sendable, Equatable, CustomStringConvertible {
    public var operation: String
    public var code: Int32
    public var message: String

    public var description: String { "git: \(operation): \(message) (\(code))" }

    /// Reads the thread's last error; call it before anything else happens on the thread.
    static func last(_ operation: String, _ code: Int32) -> GitError {
        let message = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) }
        return GitError(operation: operation, code: code, message: message ?? "unknown error")
    }
}

/// - Throws: `GitError` when the call did not return zero or more.
func check(_ operation: String, _ code: Int32) throws(GitError) {
    if code < 0 { throw .last(operation, code) }
}
