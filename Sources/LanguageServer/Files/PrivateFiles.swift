#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files of the user's own state folder, which nobody else can read.
enum PrivateFiles {
    struct Entry {
        var path: String
        var size: Int
        /// Seconds since 1970.
        var changed: Int

        /// Nil when it is not a regular file.
        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            self.path = path
            size = Int(status.st_size)
            #if canImport(Darwin)
                changed = status.st_mtimespec.tv_sec
            #else
                changed = status.st_mtim.tv_sec
            #endif
        }
    }

    static func makeDirectories(_ path: String) throws(FileAccessError) {
        var current = ""
        for component in path.split(separator: "/") {
            current += "/" + component
            guard mkdir(current, 0o700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES else {
                throw .system(operation: "make", path: current, code: errno)
            }
        }
    }

    /// Held as long as what is returned.
    static func lock(_ path: String) throws(FileAccessError) -> Descriptor {
        let raw = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        let descriptor = Descriptor(raw)
        while flock(raw, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .system(operation: "lock", path: path, code: errno) }
        }
        return descriptor
    }

    /// Nil when it is not there, cannot be read or is larger than `limit` bytes.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let raw = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { return nil }
        guard case .success(let bytes) = readAll(Descriptor(raw), limit: limit) else { return nil }
        return bytes
    }

    static func replace(_ path: String, with bytes: [UInt8]) throws(FileAccessError) {
        let temporary = path + ".new"
        unlink(temporary)
        let raw = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw .system(operation: "write", path: path, code: errno) }
        let file = Descriptor(raw)
        var code = writeAll(bytes, to: file)
        if code == nil, fsync(raw) != 0 { code = errno }
        if code == nil, rename(temporary, path) != 0 { code = errno }
        guard let code else { return }
        unlink(temporary)
        throw .system(operation: "write", path: path, code: code)
    }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
