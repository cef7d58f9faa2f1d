#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Repository {
    /// Brings all that was ``written`` to the disk, each object a file of its own. Those that lie in packs are left alone.
    /// - Throws: `GitError` with the system's text.
    public func flush() throws(GitError) {
        let objects = commonDirectory + "objects"
        var folders: Set<String> = []
        for id in Set(written) {
            let name = id.description
            let folder = "\(objects)/\(name.prefix(2))"
            if try Disk.flush("\(folder)/\(name.dropFirst(2))") { folders.insert(folder) }
        }
        for folder in folders { _ = try Disk.flush(folder) }
        if !folders.isEmpty { _ = try Disk.flush(objects) }
    }

    /// Brings a reference that was just set to the disk.
    public func flush(reference name: String) throws(GitError) {
        let path = commonDirectory + name
        _ = try Disk.flush(path)
        if let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) { _ = try Disk.flush(String(path[..<end])) }
    }

    /// Brings a pack that just came to the disk.
    /// - Parameter name: its file without the ending.
    func flush(pack name: String) throws(GitError) {
        let folder = commonDirectory + "objects/pack"
        for end in ["pack", "idx"] { _ = try Disk.flush("\(folder)/pack-\(name).\(end)") }
        _ = try Disk.flush(folder)
    }
}

/// System calls whose names ``Repository`` has for its own.
private enum Disk {
    /// - Returns: false when it is not there.
    static func flush(_ path: String) throws(GitError) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return false }
            throw Repository.systemError("flush \(path)")
        }
        defer { close(file) }
        guard fsync(file) == 0 else { throw Repository.systemError("flush \(path)") }
        return true
    }
}
