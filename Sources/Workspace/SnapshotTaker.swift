import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Copies a user's folder into a snapshot. The folder is only read.
///
/// Left out: `.git` (its configuration, hooks and credentials are the user's), what git ignores, sockets, pipes and
/// devices, and names that are not UTF-8. Symbolic links are copied as links, never followed.
public struct SnapshotTaker {
    private let folder: String
    private let base: String
    private let limits: WorkspaceSnapshot.Limits
    private let ignore: IgnoreRules?
    private var entries: [String: TreeHash.Entry] = [:]
    private var bytes = 0
    private var leftOut: [String] = []

    /// As deep as changes in a sandbox are followed; what is deeper would only serve to exhaust the stack.
    private static let maximumDepth = 256
    /// How many names of left out files are kept for the user.
    private static let maximumLeftOut = 20

    /// - Parameters:
    ///   - folder: absolute path of the user's folder.
    ///   - base: an existing empty folder.
    ///   - overlays: contents that stand in for files of the folder (unsaved buffers), by relative path.
    public static func take(
        folder: String, into base: String, overlays: [String: [UInt8]] = [:],
        limits: WorkspaceSnapshot.Limits = .init()
    ) throws(WorkspaceError) -> WorkspaceSnapshot {
        var taker = SnapshotTaker(folder: folder, base: base, limits: limits)
        try taker.copyFolder("")
        for (path, contents) in overlays.sorted(by: { $0.key < $1.key }) {
            try taker.overlay(path, contents)
        }
        do {
            let hash = try TreeHash.compute(taker.entries)
            return WorkspaceSnapshot(
                base: base, entries: taker.entries, treeHash: hash.description, leftOut: taker.leftOut)
        } catch {
            throw .git(error.description)
        }
    }

    private init(folder: String, base: String, limits: WorkspaceSnapshot.Limits) {
        self.folder = folder
        self.base = base
        self.limits = limits
        ignore = IgnoreRules(folder: folder)
    }

    private mutating func copyFolder(_ relative: String) throws(WorkspaceError) {
        let path = relative.isEmpty ? folder : "\(folder)/\(relative)"
        guard let directory = opendir(path) else {
            if relative.isEmpty { throw .notAFolder(folder) }
            note(relative, "cannot be read")
            return
        }
        // All names first: no descriptor stays open while the folders below are walked.
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name else {
                note(relative, "holds a name that is not UTF-8")
                continue
            }
            if name == "." || name == ".." || name == ".git" { continue }
            names.append(name)
        }
        closedir(directory)
        for name in names { try copy(relative.isEmpty ? name : "\(relative)/\(name)") }
    }

    private mutating func copy(_ relative: String) throws(WorkspaceError) {
        let source = "\(folder)/\(relative)"
        let target = "\(base)/\(relative)"
        var status = stat()
        guard lstat(source, &status) == 0 else { return }  // gone meanwhile
        guard entries[relative] == nil else {
            note(relative, "has the name of another file in another Unicode form")
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            if ignore?.ignores(relative + "/") == true { return }
            guard relative.utf8.count(where: { $0 == UInt8(ascii: "/") }) < Self.maximumDepth else {
                note("\(relative.prefix(100))…", "is nested too deeply")
                return
            }
            guard mkdir(target, 0o755) == 0 else { throw failure(relative) }
            try copyFolder(relative)
            setTimes(target, status)
        case S_IFREG:
            if ignore?.ignores(relative) == true { return }
            try count(Int(status.st_size))
            guard let blob = try copyFile(source, target, relative, status) else { return }
            let executable = status.st_mode & 0o100 != 0
            entries[relative] = TreeHash.Entry(mode: executable ? .executable : .regular, blob: blob)
        case S_IFLNK:
            if ignore?.ignores(relative) == true { return }
            try count(0)
            guard let bytes = FileBytes.readLink(source) else { return }
            guard let link = String(validating: bytes, as: UTF8.self) else {
                note(relative, "links to a name that is not UTF-8")
                return
            }
            guard symlink(link, target) == 0 else { throw failure(relative) }
            do {
                entries[relative] = TreeHash.Entry(mode: .symbolicLink, blob: try ObjectID.blob(bytes))
            } catch {
                throw .git(error.description)
            }
        default:
            note(relative, "is neither a file, a folder nor a link")
        }
    }

    private mutating func copyFile(
        _ source: String, _ target: String, _ relative: String, _ status: stat
    ) throws(WorkspaceError) -> ObjectID? {
        let input = open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard input >= 0 else {
            note(relative, "cannot be read")
            return nil
        }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (status.st_mode & 0o777) | 0o600)
        guard output >= 0 else { throw failure(relative) }
        defer { close(output) }
        guard FileBytes.copy(from: input, to: output) else { throw failure(relative) }
        setTimes(target, status)
        do { return try ObjectID.blob(file: target) } catch { throw .git(error.description) }
    }

    private mutating func overlay(_ path: String, _ contents: [UInt8]) throws(WorkspaceError) {
        let relative = try RelativePath.normalise(path, root: folder)
        guard !relative.isEmpty, entries[relative]?.mode != .symbolicLink else { throw .badPath(path) }
        // An open commit message or `.env` file stays with the user, like its file on disk.
        if RelativePath.isGitInternal(relative) || (entries[relative] == nil && ignore?.ignores(relative) == true) {
            note(relative, "is an unsaved buffer of a file that is not taken")
            return
        }
        try count(contents.count, isNew: entries[relative] == nil)
        var folderPath = base
        for part in RelativePath.parts(relative).dropLast() {
            folderPath += "/\(part)"
            var status = stat()
            if lstat(folderPath, &status) != 0 {
                guard mkdir(folderPath, 0o755) == 0 else { throw failure(relative) }
            } else if status.st_mode & S_IFMT != S_IFDIR {
                throw .badPath(path)
            }
        }
        let output = open("\(base)/\(relative)", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw failure(relative) }
        defer { close(output) }
        guard FileBytes.write(contents, to: output) else { throw failure(relative) }
        do {
            let mode = entries[relative]?.mode ?? .regular
            entries[relative] = TreeHash.Entry(mode: mode, blob: try ObjectID.blob(contents))
        } catch {
            throw .git(error.description)
        }
    }

    private mutating func count(_ size: Int, isNew: Bool = true) throws(WorkspaceError) {
        bytes += size
        if isNew, entries.count >= limits.files { throw .tooManyFiles(limit: limits.files) }
        if bytes > limits.bytes { throw .tooLarge(limit: limits.bytes) }
    }

    private mutating func note(_ path: String, _ reason: String) {
        if leftOut.count < Self.maximumLeftOut { leftOut.append("\(path.isEmpty ? "." : path) \(reason)") }
    }

    private func failure(_ path: String) -> WorkspaceError {
        .fileFailed(path: path, reason: String(cString: strerror(errno)))
    }

    /// Build tools compare times: the copy keeps them.
    private func setTimes(_ path: String, _ status: stat) {
        #if canImport(Glibc)
            let times = [status.st_atim, status.st_mtim]
        #else
            let times = [status.st_atimespec, status.st_mtimespec]
        #endif
        _ = utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW)
    }
}
