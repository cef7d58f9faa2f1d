import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Names that are not UTF-8: no sandbox has them, and git's tree keeps them.
extension OriginReader {
    mutating func add(_ path: [UInt8], depth: Int) throws {
        guard depth < Self.maximumDepth else { return }
        let full = Array("\(subject.folder)/".utf8) + path + [0]
        var status = stat()
        let code = full.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { lstat($0, &status) } ?? -1 }
        }
        guard code == 0 else { return }
        let gitPath = adjustments.prefix.bytes + path
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            if repository.ignores(gitPath + [UInt8(ascii: "/")]) { return }
            for name in Self.names(full) where name != Array(".git".utf8) {
                try add(path + [UInt8(ascii: "/")] + name, depth: depth + 1)
            }
        case S_IFREG, S_IFLNK:
            let isLink = status.st_mode & S_IFMT == S_IFLNK
            let known = try headTree.flatMap { try TreeEditor(repository).leaf(at: gitPath, in: $0) }
            if known == nil, repository.ignores(gitPath) { return }
            guard let sink else {
                // Nothing may be written: what the repository has of it stays.
                if let known { keep(path, known) }
                return
            }
            guard status.st_size <= Self.maximumUndecodableBytes,
                let bytes = isLink ? Self.link(full) : Self.contents(full)
            else { return }
            let mode: TreeObject.Mode =
                isLink ? .symbolicLink : status.st_mode & 0o100 != 0 ? .executable : .regular
            let stored = isLink ? bytes : try repository.cleaned(bytes, path: gitPath)
            keep(path, .init(mode: mode, id: try sink(.blob, stored)))
        default: return
        }
    }

    private mutating func keep(_ path: [UInt8], _ leaf: TreeEditor.Leaf) {
        adjustments.kept.append(.init(path: BytePath(path), mode: leaf.mode, id: leaf.id))
    }

    /// They are read as a whole.
    private static let maximumUndecodableBytes = 256 << 20

    /// - Parameter path: with a zero byte at its end.
    private static func names(_ path: [UInt8]) -> [[UInt8]] {
        let directory = path.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.flatMap { opendir($0) } }
        }
        guard let directory else { return [] }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeRawBufferPointer(start: $0, count: strlen($0)))
                }
            }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names
    }

    private static func contents(_ path: [UInt8]) -> [UInt8]? {
        let file = path.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                $0.baseAddress.map { open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) } ?? -1
            }
        }
        guard file >= 0 else { return nil }
        defer { close(file) }
        return FileBytes.read(file, limit: maximumUndecodableBytes)
    }

    private static func link(_ path: [UInt8]) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = buffer.withUnsafeMutableBytes { raw -> Int in
            guard let start = raw.baseAddress else { return -1 }
            return path.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    $0.baseAddress.map { readlink($0, start.assumingMemoryBound(to: CChar.self), raw.count) } ?? -1
                }
            }
        }
        return length >= 0 ? Array(buffer[..<length]) : nil
    }
}
