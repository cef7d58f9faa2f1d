import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Puts a tree in its place so that, whenever the power fails, all of it stands there or nothing.
enum DurableRename {
    /// Blocks until all that was written to the file system is on the disk: one flush costs less than one for each file.
    /// - Returns: zero, or an errno.
    static func move(_ tree: String, to path: String) -> Int32 {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return errno }
        defer { close(folder) }
        let made = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard made >= 0 else { return errno }
        defer { close(made) }
        let failure = cspawn_flush_file_system(made)
        guard failure == 0 else { return failure }
        guard rename(tree, path) == 0, fsync(folder) == 0 else { return errno }
        return 0
    }
}
