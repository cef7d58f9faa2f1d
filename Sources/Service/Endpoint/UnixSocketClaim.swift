import WebSocket

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Exclusive use of a unix socket's path.
///
/// A lock beside the socket, held as long as the service lives, keeps two services from replacing each other's socket;
/// a socket that is already there is removed only after a connect has shown that nobody listens.
final class UnixSocketClaim: Sendable {
    let path: String
    /// Bound, mode 0600, not yet listening. NIO closes it.
    let descriptor: Int32
    private let lock: Int32
    private let inode: ino_t

    init(_ path: String) throws(EndpointError) {
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .cannotListen(path, reason: "its lock file: \(Self.systemReason())") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            _ = close(lock)
            throw .inUse(path)
        }
        Self.note(getpid(), in: lock)
        do throws(EndpointError) {
            var address = try Self.address(path)
            try Self.removeStale(path, &address)
            let descriptor = try Self.bind(path, &address)
            var status = stat()
            guard lstat(path, &status) == 0 else { throw .cannotListen(path, reason: Self.systemReason()) }
            self.path = path
            self.descriptor = descriptor
            self.lock = lock
            inode = status.st_ino
        } catch {
            _ = close(lock)
            throw error
        }
    }

    /// Removes the socket, if it is still ours, and lets others have the path.
    func release() {
        var status = stat()
        if lstat(path, &status) == 0, status.st_ino == inode { _ = unlink(path) }
        // Closing alone leaves it locked while a process that is just being started has a copy of the descriptor.
        _ = flock(lock, LOCK_UN)
        _ = close(lock)
    }

    /// For people, and tests, who look for the process.
    private static func note(_ pid: pid_t, in lock: Int32) {
        let text = Array("\(pid)\n".utf8)
        _ = ftruncate(lock, 0)
        _ = text.withUnsafeBytes { write(lock, $0.baseAddress, $0.count) }
    }

    private static func address(_ path: String) throws(EndpointError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room, !bytes.contains(0) else {
            throw .cannotListen(path, reason: "a socket's path has at most \(room - 1) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    private static func removeStale(_ path: String, _ address: inout sockaddr_un) throws(EndpointError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .cannotListen(path, reason: "something that is no socket is in its place")
        }
        let probe = socket(AF_UNIX, streamType, 0)
        guard probe >= 0 else { throw .cannotListen(path, reason: systemReason()) }
        defer { _ = close(probe) }
        if call(&address, { connect(probe, $0, $1) }) == 0 { throw .inUse(path) }
        guard errno == ECONNREFUSED else { throw .cannotListen(path, reason: systemReason()) }
        guard unlink(path) == 0 else { throw .cannotListen(path, reason: systemReason()) }
    }

    private static func bind(_ path: String, _ address: inout sockaddr_un) throws(EndpointError) -> Int32 {
        let descriptor = socket(AF_UNIX, streamType, 0)
        guard descriptor >= 0 else { throw .cannotListen(path, reason: systemReason()) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        // Nobody can connect between `bind` and `chmod`: nothing listens yet.
        guard call(&address, { systemBind(descriptor, $0, $1) }) == 0, chmod(path, 0o600) == 0 else {
            let reason = systemReason()
            _ = close(descriptor)
            throw .cannotListen(path, reason: reason)
        }
        return descriptor
    }

    private static func call(
        _ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func systemReason() -> String { String(cString: strerror(errno)) }

    #if canImport(Glibc)
        private static let streamType = Int32(SOCK_STREAM.rawValue)
    #else
        private static let streamType = SOCK_STREAM
    #endif

    private static func systemBind(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32
    {
        #if canImport(Glibc)
            Glibc.bind(descriptor, address, size)
        #else
            Darwin.bind(descriptor, address, size)
        #endif
    }
}
