import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads live trees into a manifest; contents that the manifest before has not are copied as new objects.
///
/// The trees were written by a sandbox and nothing in them is trusted: every step goes through an open directory, links are
/// read and never followed, and only regular files are opened.
struct SnapshotScan {
    private static let maximumDepth = 256
    /// Bytes of all paths, link targets and attributes, which are held in memory: 500,000 of usual length, while a few
    /// thousand names at the end of a path that is as long as it can be are as much.
    private static let maximumNames = 128 << 20
    /// Tries to copy a file that changes while it is read.
    private static let attempts = 3
    /// How often a name is looked at anew whose kind changes all the while; one that is exchanged without end passes at
    /// every second look.
    private static let mostLooks = 100

    private enum Made {
        case made(SnapshotEntry)
        case notKept
        /// By something else, since its status was read.
        case replaced
    }

    private let objects: ObjectDirectory
    private let previous: SnapshotManifest?
    private let marks: OverlayChanges.Attributes
    private let maximumEntries: Int
    private(set) var manifest: SnapshotManifest
    /// Whether a file changed while it was copied.
    private(set) var isTorn = false
    private var names = 0
    /// Contents of files with several names, by inode.
    private var linked: [UInt64: (object: UInt64, size: Int)] = [:]

    init(
        objects: ObjectDirectory, previous: SnapshotManifest?, marks: OverlayChanges.Attributes, maximumEntries: Int
    ) {
        self.objects = objects
        self.previous = previous
        self.marks = marks
        manifest = SnapshotManifest(kind: marks)
        self.maximumEntries = maximumEntries
    }

    /// All of the trees.
    consuming func read(_ roots: [SnapshotRoot], isBusy: Bool) throws(SandboxError) -> Self {
        manifest.readAt = Self.now()
        manifest.wasBusy = isBusy
        for root in roots {
            let directory = open(root.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard directory >= 0 else { throw Self.failure(Array(root.name.utf8)) }
            defer { Descriptors.close(directory) }
            try walk(directory, path: Array(root.name.utf8), depth: 0)
        }
        return self
    }

    static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    static func nanoseconds(_ time: timespec) -> Int {
        let seconds = min(max(Int(time.tv_sec), -SnapshotManifest.furthest), SnapshotManifest.furthest)
        return seconds * 1_000_000_000 + min(max(Int(time.tv_nsec), 0), 999_999_999)
    }

    static func stamp(_ status: stat) -> SnapshotEntry.Stamp {
        SnapshotEntry.Stamp(inode: UInt64(status.st_ino), changed: nanoseconds(status.st_ctim))
    }

    private mutating func walk(_ directory: Int32, path: [UInt8], depth: Int) throws(SandboxError) {
        guard depth <= Self.maximumDepth else {
            throw .snapshotFailed("directories are nested too deeply")
        }
        var status = stat()
        guard fstat(directory, &status) == 0, let attributes = FileAttributes.read(directory, nil, marks),
            let names = DirectoryReader.names(of: directory)
        else { throw Self.failure(path) }
        var entry = SnapshotEntry(
            kind: .directory, mode: UInt32(status.st_mode & 0o7777), modified: Self.nanoseconds(status.st_mtim))
        entry.attributes = attributes
        try append(path, entry)
        for name in names {
            let path = path + [UInt8(ascii: "/")] + name.bytes
            var looks = 1
            while try !visit(name, in: directory, path, depth: depth) {
                guard looks < Self.mostLooks else {
                    throw .snapshotFailed("\(String(decoding: path, as: UTF8.self)) changes all the while")
                }
                looks += 1
            }
        }
    }

    /// - Returns: false when a command in the background has put something else in its place since it was looked at.
    private mutating func visit(
        _ name: FileName, in directory: Int32, _ path: [UInt8], depth: Int
    ) throws(SandboxError) -> Bool {
        // What is gone again was not there.
        guard let status = DirectoryReader.status(of: name, in: directory) else { return true }
        if status.st_mode & S_IFMT == S_IFDIR {
            let child = DirectoryReader.openDirectory(name, in: directory)
            guard child >= 0 else {
                if Self.isReplaced(errno) { return false }
                throw Self.failure(path)
            }
            defer { Descriptors.close(child) }
            try walk(child, path: path, depth: depth + 1)
            return true
        }
        switch try makeEntry(name, in: directory, status, path) {
        case .made(let entry): try append(path, entry)
        case .notKept: break
        case .replaced: return false
        }
        return true
    }

    private static func isReplaced(_ number: Int32) -> Bool { [ENOENT, ENOTDIR, ELOOP, ENXIO].contains(number) }

    private mutating func append(_ path: [UInt8], _ entry: SnapshotEntry) throws(SandboxError) {
        guard manifest.items.count < maximumEntries else {
            throw .snapshotFailed("the session wrote more than \(maximumEntries) files")
        }
        names += entry.attributes.reduce(path.count + entry.target.count) { $0 + $1.name.count + $1.value.count }
        guard names <= Self.maximumNames else {
            throw .snapshotFailed("the names of the session's files take more than \(Self.maximumNames >> 20) MiB")
        }
        manifest.append(path, entry)
    }

    private mutating func makeEntry(
        _ name: FileName, in directory: Int32, _ status: stat, _ path: [UInt8]
    ) throws(SandboxError) -> Made {
        var entry = SnapshotEntry(
            kind: .regular, mode: UInt32(status.st_mode & 0o7777), modified: Self.nanoseconds(status.st_mtim),
            stamp: Self.stamp(status))
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            return try regular(name, in: directory, status, path)
        case S_IFLNK:
            entry.kind = .symbolicLink
            // Permission bits of a link mean nothing.
            entry.mode = 0
            entry.target = DirectoryReader.linkTarget(of: name, in: directory)
            // No link has an empty one.
            if entry.target.isEmpty { return .replaced }
        case S_IFCHR where status.st_rdev == 0:
            entry.kind = .whiteout
        case S_IFIFO:
            entry.kind = .fifo
        case S_IFSOCK:
            entry.kind = .socket
        default:
            // No sandbox can make a device; one that stands there all the same is not the session's.
            return .notKept
        }
        return .made(entry)
    }

    private mutating func regular(
        _ name: FileName, in directory: Int32, _ status: stat, _ path: [UInt8]
    ) throws(SandboxError) -> Made {
        let old = previous?[path]
        let isLinked = status.st_nlink > 1
        let known = old?.kind == .regular && old?.stamp == Self.stamp(status) && old?.size == Int(status.st_size)
        if known, let old, let previous, previous.isTrusted(old) {
            if isLinked { linked[UInt64(status.st_ino)] = (old.object, old.size) }
            return .made(old)
        }
        let source = DirectoryReader.openFile(name, in: directory)
        guard source >= 0 else {
            if Self.isReplaced(errno) { return .replaced }
            throw Self.failure(path)
        }
        defer { Descriptors.close(source) }
        var opened = stat()
        guard fstat(source, &opened) == 0 else { throw Self.failure(path) }
        guard opened.st_mode & S_IFMT == S_IFREG, opened.st_ino == status.st_ino else { return .replaced }
        guard let attributes = FileAttributes.read(source, nil, marks) else { throw Self.failure(path) }
        var entry = SnapshotEntry(
            kind: .regular, mode: UInt32(status.st_mode & 0o7777), modified: Self.nanoseconds(status.st_mtim),
            size: Int(status.st_size), isLinked: isLinked, attributes: attributes, stamp: Self.stamp(status))
        // Opening a file that its owner may not read has changed its time.
        guard fstat(source, &opened) == 0 else { throw Self.failure(path) }
        entry.stamp = Self.stamp(opened)
        if isLinked, let known = linked[UInt64(status.st_ino)] {
            (entry.object, entry.size) = known
        } else if let old, try isUnchanged(old, source, opened) {
            (entry.object, entry.size) = (old.object, old.size)
        } else {
            try copy(source, &entry)
        }
        if isLinked { linked[UInt64(status.st_ino)] = (entry.object, entry.size) }
        return .made(entry)
    }

    /// Whether a file that another stamp, or none that proves anything, makes doubtful holds what it did: many tools touch
    /// files, or write them anew with the same bytes.
    private func isUnchanged(_ old: SnapshotEntry, _ source: Int32, _ opened: stat) throws(SandboxError) -> Bool {
        // An object of several names stands for one file, so that it can be told later which belong together.
        guard old.kind == .regular, old.size == Int(opened.st_size),
            opened.st_nlink == 1 || old.isLinked && old.stamp.inode == UInt64(opened.st_ino),
            objects.holds(old.object, theBytesOf: source)
        else { return false }
        var after = stat()
        guard fstat(source, &after) == 0 else { throw .snapshotFailed(errnoText(errno)) }
        return Self.stamp(after) == Self.stamp(opened)
    }

    /// The contents as a new object; once more when the file changed meanwhile.
    private mutating func copy(_ source: Int32, _ entry: inout SnapshotEntry) throws(SandboxError) {
        for attempt in 1...Self.attempts {
            var before = stat()
            var after = stat()
            guard fstat(source, &before) == 0 else { throw .snapshotFailed(errnoText(errno)) }
            let object = try objects.add(source, size: Int(before.st_size))
            guard fstat(source, &after) == 0 else { throw .snapshotFailed(errnoText(errno)) }
            let isSteady = Self.stamp(before) == Self.stamp(after) && before.st_size == after.st_size
            guard isSteady || attempt == Self.attempts else {
                objects.discard(object)
                continue
            }
            isTorn = isTorn || !isSteady
            entry.object = object
            entry.size = Int(before.st_size)
            entry.modified = Self.nanoseconds(before.st_mtim)
            entry.stamp = Self.stamp(before)
            return
        }
    }

    private static func failure(_ path: [UInt8]) -> SandboxError {
        let reason = errno
        return .snapshotFailed("\(String(decoding: path, as: UTF8.self)) cannot be read: \(errnoText(reason))")
    }
}
