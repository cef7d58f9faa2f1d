#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a tree takes on disk.
enum TreeSize {
    private static let maximumDepth = 512

    /// Bytes of all blocks; what cannot be read counts nothing. No link is followed.
    static func bytes(_ path: String) -> Int {
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else { return 0 }
        return bytes(closing: top, depth: 0)
    }

    private static func bytes(closing directory: Int32, depth: Int) -> Int {
        guard depth < maximumDepth, let stream = fdopendir(directory) else {
            close(directory)
            return 0
        }
        defer { closedir(stream) }
        var total = 0
        while let item = readdir(stream) {
            withUnsafePointer(to: &item.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { return }
                    var status = stat()
                    guard fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
                    total +=
                        Int(status.st_blocks) * 512
                        / max(1, status.st_mode & S_IFMT == S_IFREG ? Int(status.st_nlink) : 1)
                    guard status.st_mode & S_IFMT == S_IFDIR else { return }
                    let child = openat(dirfd(stream), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                    if child >= 0 { total += bytes(closing: child, depth: depth + 1) }
                }
            }
        }
        return total
    }
}
