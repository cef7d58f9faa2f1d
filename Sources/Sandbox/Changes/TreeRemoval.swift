#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Removes a tree that a sandbox wrote: no link is followed, directories without permissions are opened up first, and
/// a tree of any depth needs only a few descriptors.
struct TreeRemoval {
    /// Directories this deep are moved to the top and removed from there.
    private static let maximumDepth = 64

    private let top: Int32
    private var moved = 0

    static func remove(_ path: String) throws(SandboxError) {
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else {
            if errno == ENOENT { return }
            throw .fileOperation(path: path, errno: errno, message: errnoText(errno))
        }
        defer { Descriptors.close(top) }
        var removal = TreeRemoval(top: top)
        var failure = removal.empty(top, depth: 0)
        while failure == 0, removal.moved > 0 {
            removal.moved = 0
            failure = removal.empty(top, depth: 0)
        }
        if failure == 0, rmdir(path) != 0 { failure = errno }
        guard failure == 0 else { throw .fileOperation(path: path, errno: failure, message: errnoText(failure)) }
    }

    private init(top: Int32) {
        self.top = top
    }

    /// Zero, or an errno.
    private mutating func empty(_ directory: Int32, depth: Int) -> Int32 {
        fchmod(directory, 0o700)
        guard let names = DirectoryReader.names(of: directory) else { return errno }
        for name in names {
            if name.withCString({ unlinkat(directory, $0, 0) }) == 0 || errno == ENOENT { continue }
            let reason = errno
            guard let status = DirectoryReader.status(of: name, in: directory), status.st_mode & S_IFMT == S_IFDIR
            else {
                return reason
            }
            if depth >= Self.maximumDepth {
                moved += 1
                let place = FileName(bytes: Array(".removing-\(moved)-\(status.st_ino)".utf8))
                let code = name.withCString { from in place.withCString { renameat(directory, from, top, $0) } }
                if code != 0 { return errno }
                continue
            }
            let failure = remove(name, in: directory, depth: depth)
            if failure != 0 { return failure }
        }
        return 0
    }

    private mutating func remove(_ name: FileName, in directory: Int32, depth: Int) -> Int32 {
        let child = DirectoryReader.openDirectory(name, in: directory)
        guard child >= 0 else { return errno }
        defer { Descriptors.close(child) }
        let failure = empty(child, depth: depth + 1)
        if failure != 0 { return failure }
        return name.withCString { unlinkat(directory, $0, AT_REMOVEDIR) } == 0 ? 0 : errno
    }
}
