#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where files with several names wait while their names are made: a directory beside the tree, from which each name is
/// linked and the last one renamed, so that one descriptor is enough for any number of them and no file ever has more names
/// than it will have.
struct LinkStage {
    private struct File {
        /// Names that are still to be made.
        var names = 0
        var isWritten = false
        var stamp: SnapshotEntry.Stamp?
    }

    private var files: [UInt64: File] = [:]
    private var path: String?
    private var descriptor: Int32 = -1

    init(_ manifest: SnapshotManifest) {
        for entry in manifest.items.lazy.map(\.entry) where entry.kind == .regular && entry.isLinked {
            files[entry.object, default: File()].names += 1
        }
        // The others' further names are gone.
        files = files.filter { $0.value.names > 1 }
    }

    static func name(_ object: UInt64) -> FileName { FileName(bytes: Array(String(object, radix: 36).utf8)) }

    /// The open directory for a file of several names; nil for any other.
    /// - Parameter tree: the directory that is being filled.
    mutating func directory(for entry: SnapshotEntry, beside tree: String) throws(SandboxError) -> Int32? {
        guard entry.isLinked, files[entry.object] != nil else { return nil }
        if descriptor < 0 {
            let path = tree + ".links"
            // Of a service that was killed.
            try? TreeRemoval.remove(path)
            guard mkdir(path, 0o700) == 0 else { throw Self.failure }
            self.path = path
            descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { throw Self.failure }
        }
        return descriptor
    }

    /// Whether the file is to be written now, under its name here.
    mutating func isFirst(_ entry: SnapshotEntry) -> Bool {
        defer { files[entry.object]?.isWritten = true }
        return files[entry.object]?.isWritten == false
    }

    /// Gives a file that was written its next name.
    /// - Returns: 0, or -1 with `errno`.
    mutating func put(_ entry: SnapshotEntry, _ name: FileName, in directory: Int32) -> Int32 {
        let left = (files[entry.object]?.names ?? 1) - 1
        files[entry.object]?.names = left
        let code = Self.name(entry.object).withCString { from in
            name.withCString { to in
                left > 0 ? linkat(descriptor, from, directory, to, 0) : renameat(descriptor, from, directory, to)
            }
        }
        if code == 0, left == 0, let status = DirectoryReader.status(of: name, in: directory) {
            files[entry.object]?.stamp = SnapshotScan.stamp(status)
        }
        return code
    }

    /// What the file has been since its last name was made; nil for a file of one name.
    func stamp(_ entry: SnapshotEntry) -> SnapshotEntry.Stamp? {
        entry.isLinked && entry.kind == .regular ? files[entry.object]?.stamp : nil
    }

    /// Removes the directory.
    func remove() {
        Descriptors.close(descriptor)
        if let path { try? TreeRemoval.remove(path) }
    }

    private static var failure: SandboxError {
        .snapshotFailed("files of several names cannot be put down: \(errnoText(errno))")
    }
}
