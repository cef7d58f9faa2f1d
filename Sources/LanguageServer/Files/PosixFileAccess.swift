#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files through descriptors: every folder below the root is opened from its parent without following links, so that
/// no rename or link made meanwhile leads elsewhere.
public struct PosixFileAccess: FileAccess {
    public init() {}

    public func read(
        _ path: WorkspacePath, beneath folder: String, limit: Int
    ) throws(FileAccessError) -> FileContents? {
        guard let (parent, name) = try openParent(of: path, beneath: folder, creating: false) else { return nil }
        // O_NONBLOCK: opening a pipe must not wait for a writer.
        let raw = openat(parent.raw, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            throw error("open", path)
        }
        let file = Descriptor(raw)
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw error("look at", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path.text) }
        switch readAll(file, limit: limit) {
        case .success(let bytes): return FileContents(bytes: bytes, mode: UInt32(status.st_mode & 0o7777))
        case .failure(let failure) where failure.code == EFBIG: throw .tooLarge(path: path.text, limit: limit)
        case .failure(let failure): throw .system(operation: "read", path: path.text, code: failure.code)
        }
    }

    public func write(
        _ bytes: [UInt8], to path: WorkspacePath, beneath folder: String, executable: Bool?, replacesLink: Bool
    ) throws(FileAccessError) {
        guard let (parent, name) = try openParent(of: path, beneath: folder, creating: true) else {
            throw .system(operation: "open", path: path.text, code: ENOENT)
        }
        let oldMode = try regularFileMode(name, in: parent, path, orLink: replacesLink)
        let temporary = ".cofferdam-\(UInt64.random(in: .min ... .max)).tmp"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let raw = openat(parent.raw, temporary, flags, 0o666)
        guard raw >= 0 else { throw error("write", path) }
        let file = Descriptor(raw)
        do throws(FileAccessError) {
            if let code = writeAll(bytes, to: file) {
                throw .system(operation: "write", path: path.text, code: code)
            }
            try setMode(of: file, from: oldMode, executable: executable, path)
            guard fsync(file.raw) == 0 else { throw error("write", path) }
            guard renameat(parent.raw, temporary, parent.raw, name) == 0 else { throw error("put in place", path) }
        } catch {
            _ = unlinkat(parent.raw, temporary, 0)
            throw error
        }
    }

    public func remove(
        _ path: WorkspacePath, beneath folder: String, removesLink: Bool
    ) throws(FileAccessError) {
        guard let (parent, name) = try openParent(of: path, beneath: folder, creating: false) else { return }
        _ = try regularFileMode(name, in: parent, path, orLink: removesLink)
        guard unlinkat(parent.raw, name, 0) == 0 || errno == ENOENT else { throw error("remove", path) }
        try removeEmptyFolders(above: path, beneath: folder)
    }

    /// As git does: a folder is there as long as a file is in it.
    private func removeEmptyFolders(above path: WorkspacePath, beneath folder: String) throws(FileAccessError) {
        var components = path.components.dropLast()
        while let name = components.last {
            let place = try WorkspacePath(components.joined(separator: "/"))
            guard let opened = try openParent(of: place, beneath: folder, creating: false) else { return }
            // A folder with something in it stays.
            guard unlinkat(opened.parent.raw, name, AT_REMOVEDIR) == 0 else { return }
            components = components.dropLast()
        }
    }

    public func parentExists(_ path: WorkspacePath, beneath folder: String) -> Bool {
        guard let opened = try? openParent(of: path, beneath: folder, creating: false) else { return false }
        return opened.parent.raw >= 0
    }

    /// The folder that `path` is in, and its name there; nil when a folder is missing.
    func openParent(
        of path: WorkspacePath, beneath folder: String, creating: Bool
    ) throws(FileAccessError) -> (parent: Descriptor, name: String)? {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        // The workspace folder itself is the user's word; it may be a link.
        let root = open(folder, flags)
        guard root >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(operation: "open", path: folder, code: errno)
        }
        var parent = Descriptor(root)
        for component in path.components.dropLast() {
            var raw = openat(parent.raw, component, flags | O_NOFOLLOW)
            if raw < 0, errno == ENOENT {
                guard creating else { return nil }
                guard mkdirat(parent.raw, component, 0o777) == 0 || errno == EEXIST else {
                    throw error("make a folder for", path)
                }
                raw = openat(parent.raw, component, flags | O_NOFOLLOW)
            }
            guard raw >= 0 else { throw error("open", path) }
            parent = Descriptor(raw)
        }
        guard let name = path.components.last else { throw .refused(path: path.text, reason: "an empty path") }
        return (parent, name)
    }

    /// The mode of an existing regular file; nil when there is none, or a link that may be there.
    func regularFileMode(
        _ name: String, in parent: Descriptor, _ path: WorkspacePath, orLink: Bool
    ) throws(FileAccessError) -> mode_t? {
        var status = stat()
        guard fstatat(parent.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw error("look at", path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return status.st_mode & 0o7777
        case S_IFLNK where orLink: return nil
        case S_IFLNK: throw .symbolicLink(path: path.text)
        default: throw .notAFile(path: path.text)
        }
    }

    /// A new file has what the process's mask left it. Who may read it may run it.
    func setMode(
        of file: Descriptor, from oldMode: mode_t?, executable: Bool?, _ path: WorkspacePath
    ) throws(FileAccessError) {
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw error("look at", path) }
        // Set-user-id and the like are not carried over to contents that someone else wrote.
        var mode = (oldMode ?? status.st_mode) & 0o777
        switch executable {
        case true: mode |= (mode & 0o444) >> 2
        case false: mode &= ~0o111
        case nil: break
        }
        guard fchmod(file.raw, mode) == 0 else { throw error("set the mode of", path) }
    }

    func error(_ operation: String, _ path: WorkspacePath) -> FileAccessError {
        switch errno {
        case ELOOP: .symbolicLink(path: path.text)
        // O_DIRECTORY | O_NOFOLLOW on a link says ENOTDIR on Linux.
        case ENOTDIR: .refused(path: path.text, reason: "a folder on the way is a symbolic link or a file")
        default: .system(operation: operation, path: path.text, code: errno)
        }
    }
}
