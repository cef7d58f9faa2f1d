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
    /// Names in order of their bytes. The descriptor stays open and is read from its start.
    static func names(of descriptor: Int32) -> [FileName] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return [] }
        guard let stream = fdopendir(copy) else {
            Descriptors.close(copy)
            return []
        }
        defer { closedir(stream) }
        var names: [FileName] = []
        while let item = readdir(stream) {
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
        name.withCString { openat(directory, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
    }

    /// Never waits: FIFOs and devices are for the caller to refuse by their status.
    static func openFile(_ name: FileName, in directory: Int32) -> Int32 {
        name.withCString { openat(directory, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
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
