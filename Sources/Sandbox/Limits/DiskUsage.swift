#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a tree takes on disk.
struct DiskUsage: Sendable, Equatable {
    /// Allocated: a sparse file counts for what it holds.
    var bytes = 0
    /// Files, directories, links and others.
    var files = 0
    /// Directories are nested deeper than ``maximumDepth``; what lies there was not counted.
    var isTooDeep = false

    /// Of nested directories. Each level is an open descriptor while it is counted; real trees have a few dozen.
    static let maximumDepth = 256

    /// Counts what is in directories that a sandbox writes to at the same time. Follows no link, stops when either bound
    /// is passed, and passes over what goes away meanwhile.
    static func measure(_ directories: [String], atMost bound: DiskUsage) -> DiskUsage {
        var usage = DiskUsage()
        for directory in directories {
            let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            if descriptor >= 0 { usage.add(descriptor, depth: 1, bound) }
        }
        return usage
    }

    /// Closes the descriptor. The directory itself has been counted.
    private mutating func add(_ directory: Int32, depth: Int, _ bound: DiskUsage) {
        guard let stream = fdopendir(directory) else { return Descriptors.close(directory) }
        defer { closedir(stream) }
        while bytes <= bound.bytes, files <= bound.files, let item = readdir(stream) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
                    FileName(bytes: Array(UnsafeRawBufferPointer(start: characters, count: strnlen(characters, 256))))
                }
            }
            if name.bytes == Self.dot || name.bytes == Self.dots { continue }
            guard let status = DirectoryReader.status(of: name, in: directory) else { continue }
            files += 1
            // A file of several names counts once in all.
            bytes += Int(status.st_blocks) * 512 / max(1, status.st_mode & S_IFMT == S_IFDIR ? 1 : Int(status.st_nlink))
            guard status.st_mode & S_IFMT == S_IFDIR else { continue }
            if depth >= Self.maximumDepth {
                isTooDeep = true
                continue
            }
            let child = DirectoryReader.openDirectory(name, in: directory)
            if child >= 0 { add(child, depth: depth + 1, bound) }
        }
    }

    private static let dot = [UInt8(ascii: ".")]
    private static let dots = [UInt8(ascii: "."), UInt8(ascii: ".")]
}
