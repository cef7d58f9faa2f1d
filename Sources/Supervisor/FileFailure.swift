import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a file operation failed.
struct FileFailure: Error {
    var kind: FileReply.Failure
    var errno: Int32

    init(_ kind: FileReply.Failure, errno: Int32) {
        self.kind = kind
        self.errno = errno
    }

    /// Sorts an errno; openat2 says EXDEV when a path would leave the workspace.
    init(errno: Int32) {
        self.errno = errno
        switch errno {
        case ENOENT, ENOTDIR: kind = .notFound
        case EXDEV: kind = .outsideWorkspace
        case EISDIR, ENXIO: kind = .notRegular
        default: kind = .other
        }
    }

    static var outside: FileFailure { FileFailure(.outsideWorkspace, errno: EXDEV) }

    var reply: FileReply { .failure(kind, errno: errno) }
}
