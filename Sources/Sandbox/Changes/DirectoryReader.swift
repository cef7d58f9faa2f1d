import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file name as the kernel has it: any bytes but zero and slash.
struct FileName: Hashable {
    let bytes: [UInt8]

    func withCString<T>(_ body: (UnsafePointer<CChar>) -> T) -> T {
        withPathPointer(bytes, body)
    }
}

/// Calls `body` with the bytes and a zero after them.
func withPathPointer<T>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> T) -> T {
    (bytes + [0]).withUnsafeBufferPointer { buffer in
        buffer.withMemoryRebound(to: CChar.self) { characters in
            guard let base = characters.baseAddress else { return "".withCString(body) }
            return body(base)
        }
    }
}

/// Directories by descriptor, links never followed.
enum DirectoryReader {
    /// Names in order of their bytes; nil when they cannot be read. The descriptor stays open and is read from its start.
    static func names(of descriptor: Int32) -> [FileName]? {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // One that was removed meanwhile holds nothing, not even itself.
        guard copy >= 0 else { return errno == ENOENT ? [] : nil }
        guard let stream = fdopendir(copy) else {
            Descriptors.close(copy)
            return nil
        }
        defer { closedir(stream) }
        var names: [FileName] = []
        while true {
            errno = 0
            guard let item = readdir(stream) else {
                if errno != 0, errno != ENOENT { return nil }
                break
            }
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
                    Array(UnsafeRawBufferPointer(start: characters, count: strnlen(characters, 256)))
                }
            }
            if name != [UInt8(ascii: ".")], name != Array("..".utf8) { names.append(FileName(bytes: name)) }
        }
        return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    static func status(of name: FileName, in directory: Int32) -> stat? {
        var information = stat()
        let code = name.withCString { fstatat(directory, $0, &information, AT_SYMLINK_NOFOLLOW) }
        return code == 0 ? information : nil
    }

    static func linkTarget(of name: FileName, in directory: Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
            let count = name.withCString { name in
                buffer.withMemoryRebound(to: CChar.self) { text in
                    text.baseAddress.map { readlinkat(directory, name, $0, text.count) } ?? -1
                }
            }
            filled = max(0, count)
        }
    }

    /// Negative when it is no directory.
    static func openDirectory(_ name: FileName, in directory: Int32) -> Int32 {
        open(name, in: directory, O_RDONLY | O_DIRECTORY)
    }

    /// Never waits: FIFOs and devices are for the caller to refuse by their status.
    static func openFile(_ name: FileName, in directory: Int32) -> Int32 {
        open(name, in: directory, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    }

    /// Whether the regular files of this name in two directories hold the same bytes; false when one cannot be read.
    static func hasSameBytes(_ name: FileName, in directory: Int32, as other: Int32) -> Bool {
        let left = openFile(name, in: directory)
        let right = openFile(name, in: other)
        defer {
            Descriptors.close(left)
            Descriptors.close(right)
        }
        return left >= 0 && right >= 0 && holdSameBytes(left, right)
    }

    /// Whether two open files hold the same bytes. Holes are not read: what a sparse file claims to hold costs nothing.
    static func holdSameBytes(_ left: Int32, _ right: Int32) -> Bool {
        var one = stat()
        var other = stat()
        guard fstat(left, &one) == 0, fstat(right, &other) == 0, one.st_size == other.st_size else { return false }
        return cspawn_same_contents(left, right, one.st_size) == 1
    }

    private static func open(_ name: FileName, in directory: Int32, _ flags: Int32) -> Int32 {
        let flags = flags | O_NOFOLLOW | O_CLOEXEC
        let descriptor = name.withCString { openat(directory, $0, flags) }
        guard descriptor < 0, errno == EACCES else { return descriptor }
        // O_PATH (0o10000000) needs no permission of the file itself.
        let place = name.withCString { openat(directory, $0, 0o10_000_000 | O_NOFOLLOW | O_CLOEXEC) }
        guard place >= 0 else { return -1 }
        defer { Descriptors.close(place) }
        return openUnreadable(place, flags)
    }

    /// A command may take away our permission for its own files, which are ours as well. For a file it is lent for the
    /// moment of opening; a directory stays opened up for its owner, or nothing in it could be reached afterwards.
    /// All goes through the descriptor: a link put in the way meanwhile changes nothing.
    static func openUnreadable(_ place: Int32, _ flags: Int32) -> Int32 {
        var status = stat()
        guard fstat(place, &status) == 0 else { return -1 }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFDIR else {
            errno = EACCES
            return -1
        }
        let path = "/proc/self/fd/\(place)"
        guard chmod(path, status.st_mode & 0o7777 | (kind == S_IFDIR ? 0o700 : 0o400)) == 0 else { return -1 }
        // Opened anew through the descriptor, whose link is the one that has to be followed.
        let descriptor = Glibc.open(path, flags & ~O_NOFOLLOW)
        let reason = errno
        if kind == S_IFREG { chmod(path, status.st_mode & 0o7777) }
        errno = reason
        return descriptor
    }
}

extension FileKind {
    init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .regular
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symbolicLink
        default: self = .special
        }
    }
}
