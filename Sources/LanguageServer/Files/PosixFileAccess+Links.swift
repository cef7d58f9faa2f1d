#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension PosixFileAccess {
    public func look(
        _ path: WorkspacePath, beneath folder: String, limit: Int
    ) throws(FileAccessError) -> FileImage {
        guard let (parent, name) = try openParent(of: path, beneath: folder, creating: false) else { return .absent }
        var status = stat()
        guard fstatat(parent.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return .absent }
            throw error("look at", path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFLNK:
            var target = [UInt8](repeating: 0, count: WorkspacePath.longest + 1)
            let count = target.withUnsafeMutableBytes { buffer in
                guard let start = buffer.bindMemory(to: CChar.self).baseAddress else { return -1 }
                return readlinkat(parent.raw, name, start, buffer.count)
            }
            guard count >= 0 else { throw error("read", path) }
            return .link(Array(target.prefix(count)))
        default:
            guard let contents = try read(path, beneath: folder, limit: limit) else { return .absent }
            return .file(contents.bytes, executable: contents.mode & 0o100 != 0)
        }
    }

    public func writeLink(
        _ target: String, to path: WorkspacePath, beneath folder: String
    ) throws(FileAccessError) {
        guard let (parent, name) = try openParent(of: path, beneath: folder, creating: true) else {
            throw .system(operation: "open", path: path.text, code: ENOENT)
        }
        _ = try regularFileMode(name, in: parent, path, orLink: true)
        let temporary = ".cofferdam-\(UInt64.random(in: .min ... .max)).tmp"
        guard symlinkat(target, parent.raw, temporary) == 0 else { throw error("write", path) }
        guard renameat(parent.raw, temporary, parent.raw, name) == 0 else {
            let failure = error("put in place", path)
            _ = unlinkat(parent.raw, temporary, 0)
            throw failure
        }
    }

    public func setExecutable(
        _ executable: Bool, _ path: WorkspacePath, beneath folder: String
    ) throws(FileAccessError) {
        guard let (parent, name) = try openParent(of: path, beneath: folder, creating: false) else {
            throw .system(operation: "open", path: path.text, code: ENOENT)
        }
        let raw = openat(parent.raw, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { throw error("open", path) }
        let file = Descriptor(raw)
        guard let mode = try regularFileMode(name, in: parent, path, orLink: false) else { return }
        try setMode(of: file, from: mode, executable: executable, path)
    }
}
