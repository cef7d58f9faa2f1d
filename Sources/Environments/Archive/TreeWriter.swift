import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Makes a root file system from the entries of archives, which may be hostile.
///
/// Everything is made relative to an open directory. The way to an entry is resolved by the kernel as if that directory
/// were the root (RESOLVE_IN_ROOT), so that a link, absolute or not, leads to a place in it at most; the entry itself is
/// never followed. Nothing belongs to another user than this program's, nothing is set-user-id, and there are no devices,
/// FIFOs and sockets.
final class TreeWriter {
    private let root: Int32
    private let archive: String
    private let limits: ExtractionLimits
    private(set) var bytes = 0
    private(set) var entries = 0
    /// Devices and the like that were left out.
    private(set) var skipped = 0
    /// What the present layer has made, with the directories above, for its opaque directories.
    private var written: Set<EntryPath> = []

    /// - Parameters:
    ///   - root: the directory; closed by this object.
    ///   - archive: for messages.
    init(root: Int32, archive: String, limits: ExtractionLimits) {
        self.root = root
        self.archive = archive
        self.limits = limits
    }

    deinit {
        close(root)
    }

    static func open(_ path: String, archive: String, limits: ExtractionLimits) throws(EnvironmentError) -> TreeWriter {
        let root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw .store(path: path, reason: text(errno)) }
        return TreeWriter(root: root, archive: archive, limits: limits)
    }

    /// Adds a whole archive. With `isLayer` names that begin with `.wh.` take away what lower layers have.
    func add(_ reader: ArchiveReader, isLayer: Bool, _ cancellation: Cancellation) throws(EnvironmentError) {
        written = []
        while let entry = try reader.next() {
            // An image of gigabytes must not hold up the end of its session.
            guard !cancellation.isCancelled else { throw .store(path: archive, reason: "cancelled") }
            let path: EntryPath
            do throws(Rejection) { path = try EntryPath(entry.path) } catch {
                throw .hostileEntry(archive: archive, entry: entry.path, reason: error.reason)
            }
            entries += 1
            guard entries <= limits.entries else {
                throw .tooLarge(what: "entries of \(archive)", limit: limits.entries)
            }
            if isLayer, path.name.hasPrefix(Self.whiteout) {
                try takeAway(path)
            } else {
                try make(entry, at: path, from: reader)
            }
        }
    }

    // MARK: Whiteouts

    private static let whiteout = ".wh."
    private static let opaque = ".wh..wh..opq"

    private func takeAway(_ path: EntryPath) throws(EnvironmentError) {
        if path.name == Self.opaque {
            guard let directory = try existing(path.parent) else { return }
            defer { close(directory) }
            return try empty(directory, path.parent)
        }
        let name = String(path.name.dropFirst(Self.whiteout.utf8.count))
        guard !name.isEmpty, name != ".", name != "..", !name.hasPrefix(Self.whiteout) else {
            throw rejection(path, "takes away a name that is none")
        }
        guard let directory = try existing(path.parent) else { return }
        defer { close(directory) }
        try remove(name, in: directory, path.parent.appending(name))
    }

    /// Removes from a directory all that the present layer has not made.
    private func empty(_ directory: Int32, _ path: EntryPath) throws(EnvironmentError) {
        guard path.parts.count <= ExtractionLimits.depth else { throw rejection(path, "is nested too deeply") }
        for name in try names(of: directory, path) {
            let child = path.appending(name)
            guard written.contains(child) else {
                try remove(name, in: directory, child)
                continue
            }
            let descriptor = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            try empty(descriptor, child)
        }
    }

    // MARK: Entries

    private func make(
        _ entry: ArchiveReader.Entry, at path: EntryPath, from reader: ArchiveReader
    ) throws(EnvironmentError) {
        guard !path.isRoot else {
            guard entry.kind == .directory else { throw rejection(path, "stands for the root and is no directory") }
            return
        }
        if entry.kind == .special {
            skipped += 1
            return
        }
        let parent = try makeDirectories(path.parent)
        defer { close(parent) }
        note(path)
        switch entry.kind {
        case .directory: try makeDirectory(entry, path, in: parent)
        case .file: try makeFile(entry, path, in: parent, from: reader)
        case .symbolicLink(let target):
            guard target.utf8.count <= ExtractionLimits.pathBytes, !target.isEmpty else {
                throw rejection(path, "is a link to nothing")
            }
            try remove(path.name, in: parent, path)
            try check(symlinkat(target, parent, path.name), path)
        case .hardLink(let target): try makeHardLink(to: target, path, in: parent)
        case .special: break
        }
    }

    private func makeDirectory(
        _ entry: ArchiveReader.Entry, _ path: EntryPath, in parent: Int32
    ) throws(EnvironmentError) {
        var status = stat()
        let isThere = fstatat(parent, path.name, &status, AT_SYMLINK_NOFOLLOW) == 0
        if isThere, status.st_mode & S_IFMT != S_IFDIR { try remove(path.name, in: parent, path) }
        if !isThere || status.st_mode & S_IFMT != S_IFDIR { try check(mkdirat(parent, path.name, 0o700), path) }
        let descriptor = openat(parent, path.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        try check(descriptor, path)
        defer { close(descriptor) }
        // Its owner can always enter it: what is in it has to be made and one day removed.
        try check(fchmod(descriptor, Self.mode(entry) | 0o700), path)
    }

    private func makeFile(
        _ entry: ArchiveReader.Entry, _ path: EntryPath, in parent: Int32, from reader: ArchiveReader
    ) throws(EnvironmentError) {
        // Its size is checked before, or a sparse file of any size could be made from a few bytes.
        try count(entry.size)
        try remove(path.name, in: parent, path)
        let descriptor = openat(parent, path.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        try check(descriptor, path)
        defer { close(descriptor) }
        try reader.data { bytes, offset throws(EnvironmentError) in
            guard offset >= 0, bytes.count <= entry.size, offset <= entry.size - bytes.count else {
                throw self.rejection(path, "is longer than it says")
            }
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
                if count < 0, errno == EINTR { continue }
                try self.check(Int32(clamping: count), path)
                done += count
            }
        }
        try check(ftruncate(descriptor, off_t(entry.size)), path)
        try check(fchmod(descriptor, Self.mode(entry) | 0o400), path)
        // Build tools compare times.
        let time = timespec(tv_sec: max(0, entry.modified), tv_nsec: 0)
        futimens(descriptor, [time, time])
    }

    private func makeHardLink(to target: String, _ path: EntryPath, in parent: Int32) throws(EnvironmentError) {
        let source: EntryPath
        // Some tools write an absolute path here; it means the root all the same.
        do throws(Rejection) { source = try EntryPath(String(target.drop { $0 == "/" })) } catch {
            throw rejection(path, "is a hard link to something that \(error.reason)")
        }
        guard source != path else { return }
        guard !source.isRoot, let directory = try existing(source.parent) else {
            throw rejection(path, "is a hard link to what is not there")
        }
        defer { close(directory) }
        var status = stat()
        guard fstatat(directory, source.name, &status, AT_SYMLINK_NOFOLLOW) == 0,
            [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT)
        else { throw rejection(path, "is a hard link to what is no file") }
        try remove(path.name, in: parent, path)
        try check(linkat(directory, source.name, parent, path.name, 0), path)
    }

    /// The sandbox's user is none of the image's accounts, but what belongs to one of those that are not root (its home
    /// with its tools) is meant for those who work in it: it may be read by everybody. Nothing is set-user-id.
    private static func mode(_ entry: ArchiveReader.Entry) -> mode_t {
        var mode = entry.mode & 0o1777
        if entry.owner != 0 { mode |= (mode & 0o500) >> 6 }
        return mode
    }

    private func count(_ size: Int) throws(EnvironmentError) {
        guard size <= limits.bytes - bytes else { throw .tooLarge(what: "bytes of \(archive)", limit: limits.bytes) }
        bytes += size
    }

    private func note(_ path: EntryPath) {
        var place = path
        while !place.isRoot, written.insert(place).inserted { place = place.parent }
    }

    // MARK: Places

    /// The directory, made where it is missing. A link on the way must lead to a directory in the root.
    private func makeDirectories(_ path: EntryPath) throws(EnvironmentError) -> Int32 {
        if let descriptor = try existing(path) { return descriptor }
        let parent = try makeDirectories(path.parent)
        defer { close(parent) }
        guard mkdirat(parent, path.name, 0o755) == 0 else {
            // Something that is no directory, or a link to nowhere.
            throw rejection(path, errno == EEXIST ? "lies in what is no directory" : Self.text(errno))
        }
        guard let made = try existing(path) else { throw rejection(path, "cannot be made") }
        return made
    }

    /// Opens a directory, links on the way resolved within the root; nil when it is not there.
    private func existing(_ path: EntryPath) throws(EnvironmentError) -> Int32? {
        let descriptor = cspawn_open_beneath(root, path.text, O_RDONLY | O_DIRECTORY, 0, CSPAWN_IN_ROOT)
        if descriptor >= 0 { return descriptor }
        if descriptor == -ENOENT || descriptor == -ENOTDIR, !path.isRoot { return nil }
        throw rejection(path, "cannot be reached: \(Self.text(-descriptor))")
    }

    private func names(of directory: Int32, _ path: EntryPath) throws(EnvironmentError) -> [String] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try check(copy, path)
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw rejection(path, Self.text(errno))
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let item = readdir(stream) {
            let name = withUnsafeBytes(of: item.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            // Every name was made here, from a String.
            if let name, name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes what stands there, with all that is in it; nothing there is no error.
    private func remove(_ name: String, in directory: Int32, _ path: EntryPath) throws(EnvironmentError) {
        if unlinkat(directory, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw rejection(path, Self.text(errno)) }
        let child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        try check(child, path)
        defer { close(child) }
        for inner in try names(of: child, path) { try remove(inner, in: child, path.appending(inner)) }
        try check(unlinkat(directory, name, AT_REMOVEDIR), path)
    }

    private func check(_ result: Int32, _ path: EntryPath) throws(EnvironmentError) {
        guard result < 0 else { return }
        let number = errno
        if [ENOSPC, EDQUOT, EIO, EROFS, EMFILE, ENFILE].contains(number) {
            throw .store(path: path.text, reason: Self.text(number))
        }
        throw rejection(path, Self.text(number))
    }

    private func rejection(_ path: EntryPath, _ reason: String) -> EnvironmentError {
        .hostileEntry(archive: archive, entry: path.text, reason: reason)
    }

    private static func text(_ number: Int32) -> String { String(cString: strerror(number)) }
}
