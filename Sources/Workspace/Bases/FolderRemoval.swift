#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Removes folders that this module made: all of them are open to their owner, and no deeper than a snapshot may be.
public enum FolderRemoval {
    /// Names in a folder; none when it cannot be read.
    public static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Nothing happens where there is nothing.
    public static func remove(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        for name in names(path) { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
