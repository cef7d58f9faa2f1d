import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Makes trees from a manifest. Nothing else touches them meanwhile.
struct SnapshotWriter {
    let objects: ObjectDirectory
    let roots: [SnapshotRoot]
    let owner: UInt32?

    /// A directory that is being filled.
    private struct Open {
        var descriptor: Int32
        var entry: SnapshotEntry
        var isRoot: Bool
    }

    /// The entries get the stamps of the files that were made.
    func write(_ manifest: inout SnapshotManifest) throws(SandboxError) {
        var opened: [Open] = []
        defer { for directory in opened { Descriptors.close(directory.descriptor) } }
        var links = LinkStage(manifest)
        defer { links.remove() }
        var rootPath = ""
        for position in manifest.items.indices {
            let item = manifest.items[position]
            while opened.count > item.depth { try close(opened.removeLast(), item.path) }
            guard item.depth > 0 else {
                let root = try root(item)
                rootPath = root.path
                opened.append(try open(root, item.entry))
                continue
            }
            guard opened.count == item.depth, let parent = opened.last?.descriptor else {
                throw .snapshotFailed("the manifest has no order")
            }
            let name = item.name
            var entry = item.entry
            switch entry.kind {
            case .directory:
                guard name.withCString({ mkdirat(parent, $0, 0o700) }) == 0 else { throw failure(item.path) }
                let descriptor = DirectoryReader.openDirectory(name, in: parent)
                guard descriptor >= 0 else { throw failure(item.path) }
                opened.append(Open(descriptor: descriptor, entry: entry, isRoot: false))
                continue
            case .regular:
                if let stage = try links.directory(for: entry, beside: rootPath) {
                    let staged = LinkStage.name(entry.object)
                    if links.isFirst(entry) { try writeFile(staged, in: stage, entry, item.path) }
                    guard links.put(entry, name, in: parent) == 0 else { throw failure(item.path) }
                } else {
                    try writeFile(name, in: parent, entry, item.path)
                }
            case .symbolicLink:
                let code = withPathPointer(entry.target) { to in name.withCString { symlinkat(to, parent, $0) } }
                guard code == 0 else { throw failure(item.path) }
            case .whiteout, .fifo, .socket:
                let kind = entry.kind == .whiteout ? S_IFCHR : entry.kind == .fifo ? S_IFIFO : S_IFSOCK
                guard name.withCString({ mknodat(parent, $0, kind, 0) }) == 0 else { throw failure(item.path) }
                guard name.withCString({ fchmodat(parent, $0, mode_t(entry.mode), 0) }) == 0 else {
                    throw failure(item.path)
                }
            }
            if entry.kind != .regular { try finish(name, in: parent, entry, item.path) }
            guard let status = DirectoryReader.status(of: name, in: parent) else { throw failure(item.path) }
            entry.stamp = SnapshotScan.stamp(status)
            manifest.replace(at: position, entry)
        }
        while let last = opened.popLast() { try close(last, []) }
        // Every further name changes the time of the file: all names have the last.
        for position in manifest.items.indices {
            var entry = manifest.items[position].entry
            guard let stamp = links.stamp(entry) else { continue }
            entry.stamp = stamp
            manifest.replace(at: position, entry)
        }
    }

    private func root(_ item: SnapshotManifest.Item) throws(SandboxError) -> SnapshotRoot {
        guard let root = roots.first(where: { $0.name.utf8.elementsEqual(item.path) }) else {
            throw .snapshotFailed("there is no place for “\(String(decoding: item.path, as: UTF8.self))”")
        }
        return root
    }

    private func open(_ root: SnapshotRoot, _ entry: SnapshotEntry) throws(SandboxError) -> Open {
        let descriptor = Glibc.open(root.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(Array(root.name.utf8)) }
        return Open(descriptor: descriptor, entry: entry, isRoot: true)
    }

    /// A directory is complete: what it says of itself, which files that come would change.
    private func close(_ directory: Open, _ path: [UInt8]) throws(SandboxError) {
        defer { Descriptors.close(directory.descriptor) }
        let entry = directory.entry
        let code = FileAttributes.write(entry.attributes, directory.descriptor, nil)
        guard code == 0 else { throw failure(path, code) }
        if let owner, fchown(directory.descriptor, owner, owner) != 0 { throw failure(path) }
        // The service needs the root itself.
        let mode = directory.isRoot ? entry.mode | 0o700 : entry.mode
        guard fchmod(directory.descriptor, mode_t(mode)) == 0 else { throw failure(path) }
        var times = Self.times(entry.modified)
        _ = futimens(directory.descriptor, &times)
    }

    private func writeFile(
        _ name: FileName, in parent: Int32, _ entry: SnapshotEntry, _ path: [UInt8]
    ) throws(SandboxError) {
        let source = objects.openObject(entry.object)
        guard source >= 0 else { throw failure(path) }
        defer { Descriptors.close(source) }
        var status = stat()
        guard fstat(source, &status) == 0 else { throw failure(path) }
        // Objects are not flushed one by one: after a power cut one may be shorter than it was.
        guard Int(status.st_size) == entry.size else {
            throw .snapshotFailed("the copy of \(String(decoding: path, as: UTF8.self)) is damaged")
        }
        let target = name.withCString {
            openat(parent, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard target >= 0 else { throw failure(path) }
        defer { Descriptors.close(target) }
        let code = cspawn_copy_contents(source, target, off_t(entry.size), .max)
        guard code >= 0 else { throw failure(path, -code) }
        let failed = FileAttributes.write(entry.attributes, target, nil)
        guard failed == 0 else { throw failure(path, failed) }
        // The owner first: a change of it takes special bits away.
        if let owner, fchown(target, owner, owner) != 0 { throw failure(path) }
        guard fchmod(target, mode_t(entry.mode)) == 0 else { throw failure(path) }
        var times = Self.times(entry.modified)
        // A time that the file system does not take is no reason to lose the file.
        _ = futimens(target, &times)
    }

    private func finish(
        _ name: FileName, in parent: Int32, _ entry: SnapshotEntry, _ path: [UInt8]
    ) throws(SandboxError) {
        if let owner {
            let code = name.withCString { fchownat(parent, $0, owner, owner, AT_SYMLINK_NOFOLLOW) }
            guard code == 0 else { throw failure(path) }
        }
        var times = Self.times(entry.modified)
        _ = name.withCString { utimensat(parent, $0, &times, AT_SYMLINK_NOFOLLOW) }
    }

    private static func times(_ modified: Int) -> [timespec] {
        // Before 1970 the seconds are rounded down: a part of a second is never negative (futimens(2)).
        let part = (modified % 1_000_000_000 + 1_000_000_000) % 1_000_000_000
        let time = timespec(tv_sec: (modified - part) / 1_000_000_000, tv_nsec: part)
        return [time, time]
    }

    private func failure(_ path: [UInt8], _ number: Int32 = errno) -> SandboxError {
        .snapshotFailed("\(String(decoding: path, as: UTF8.self)) cannot be written: \(errnoText(number))")
    }
}
