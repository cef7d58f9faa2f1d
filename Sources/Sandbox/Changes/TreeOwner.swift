#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Gives a tree to a user. No link is followed. Nothing may run in it meanwhile.
enum TreeOwner {
    private static let maximumDepth = 256

    static func give(_ path: String, to user: UInt32) throws(SandboxError) {
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else { throw .fileOperation(path: path, errno: errno, message: errnoText(errno)) }
        defer { Descriptors.close(top) }
        let failure = fchown(top, user, user) == 0 ? give(top, to: user, depth: 0) : errno
        guard failure == 0 else { throw .fileOperation(path: path, errno: failure, message: errnoText(failure)) }
    }

    /// Zero, or an errno.
    private static func give(_ directory: Int32, to user: UInt32, depth: Int) -> Int32 {
        guard depth <= maximumDepth else { return ELOOP }
        guard let names = DirectoryReader.names(of: directory) else { return errno }
        for name in names {
            guard name.withCString({ fchownat(directory, $0, user, user, AT_SYMLINK_NOFOLLOW) }) == 0 else {
                return errno
            }
            guard let status = DirectoryReader.status(of: name, in: directory), status.st_mode & S_IFMT == S_IFDIR
            else { continue }
            let child = DirectoryReader.openDirectory(name, in: directory)
            guard child >= 0 else { return errno }
            defer { Descriptors.close(child) }
            let failure = give(child, to: user, depth: depth + 1)
            if failure != 0 { return failure }
        }
        return 0
    }
}
