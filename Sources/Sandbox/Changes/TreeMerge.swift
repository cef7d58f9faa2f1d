import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Copies a tree over another one: what both have is the source's then, what only the target has stays.
///
/// Regular files (their blocks shared where the file system can), directories and links, with modes and times; devices,
/// FIFOs and sockets are left out. No link is followed, in neither tree.
enum TreeMerge {
    private static let maximumDepth = 256

    /// - Parameter target: made where it is missing.
    static func copy(_ source: String, into target: String) throws(SandboxError) {
        guard mkdir(target, 0o700) == 0 || errno == EEXIST else { throw failure(target) }
        let from = open(source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard from >= 0 else { throw failure(source) }
        defer { Descriptors.close(from) }
        let to = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard to >= 0 else { throw failure(target) }
        defer { Descriptors.close(to) }
        try copy(from, into: to, source, depth: 0)
    }

    private static func copy(_ from: Int32, into to: Int32, _ path: String, depth: Int) throws(SandboxError) {
        guard depth <= maximumDepth else {
            throw .fileOperation(path: path, errno: ELOOP, message: "directories are nested too deeply")
        }
        guard let names = DirectoryReader.names(of: from) else { throw failure(path) }
        for name in names {
            guard let status = DirectoryReader.status(of: name, in: from) else { throw failure(path) }
            let shown = path + "/" + String(decoding: name.bytes, as: UTF8.self)
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try copyDirectory(name, from, to, shown, depth)
            case S_IFREG: try copyFile(name, status, from, to, shown)
            case S_IFLNK: try copyLink(name, from, to, shown)
            default: break
            }
        }
        var status = stat()
        guard fstat(from, &status) == 0, fchmod(to, status.st_mode & 0o1777 | 0o700) == 0,
            futimens(to, [status.st_mtim, status.st_mtim]) == 0
        else { throw failure(path) }
    }

    private static func copyDirectory(
        _ name: FileName, _ from: Int32, _ to: Int32, _ path: String, _ depth: Int
    ) throws(SandboxError) {
        let source = DirectoryReader.openDirectory(name, in: from)
        guard source >= 0 else { throw failure(path) }
        defer { Descriptors.close(source) }
        if let there = DirectoryReader.status(of: name, in: to), there.st_mode & S_IFMT != S_IFDIR {
            try removeFile(name, to, path)
        }
        guard name.withCString({ mkdirat(to, $0, 0o700) }) == 0 || errno == EEXIST else { throw failure(path) }
        let target = DirectoryReader.openDirectory(name, in: to)
        guard target >= 0 else { throw failure(path) }
        defer { Descriptors.close(target) }
        try copy(source, into: target, path, depth: depth + 1)
    }

    private static func copyFile(
        _ name: FileName, _ status: stat, _ from: Int32, _ to: Int32, _ path: String
    ) throws(SandboxError) {
        let source = DirectoryReader.openFile(name, in: from)
        guard source >= 0 else { throw failure(path) }
        defer { Descriptors.close(source) }
        try removeFile(name, to, path)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let target = name.withCString { openat(to, $0, flags, 0o600) }
        guard target >= 0 else { throw failure(path) }
        defer { Descriptors.close(target) }
        let code = cspawn_copy_contents(source, target, status.st_size, .max)
        guard code >= 0 else { throw .fileOperation(path: path, errno: -code, message: errnoText(-code)) }
        guard fchmod(target, status.st_mode & 0o1777) == 0, futimens(target, [status.st_mtim, status.st_mtim]) == 0
        else { throw failure(path) }
    }

    private static func copyLink(_ name: FileName, _ from: Int32, _ to: Int32, _ path: String) throws(SandboxError) {
        let link = DirectoryReader.linkTarget(of: name, in: from)
        try removeFile(name, to, path)
        let code = withPathPointer(link) { link in name.withCString { symlinkat(link, to, $0) } }
        guard code == 0 else { throw failure(path) }
    }

    private static func removeFile(_ name: FileName, _ directory: Int32, _ path: String) throws(SandboxError) {
        guard name.withCString({ unlinkat(directory, $0, 0) }) == 0 || errno == ENOENT else { throw failure(path) }
    }

    private static func failure(_ path: String) -> SandboxError {
        .fileOperation(path: path, errno: errno, message: errnoText(errno))
    }
}
