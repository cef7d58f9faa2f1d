import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Copies a user's folder into a snapshot. The folder is only read.
///
/// ``FolderSurvey`` tells what is left out. Symbolic links are copied as links, never followed.
public struct SnapshotTaker {
    private let folder: String
    private let base: String
    private let limits: WorkspaceSnapshot.Limits
    private let rules: WorkspaceRules
    private let ignore: IgnoreRules?
    private let previous: (index: BaseIndex, tree: String)?
    private var index: BaseIndex
    private var leftOut = LeftOut()
    private var bytes = 0

    /// - Parameters:
    ///   - folder: absolute path of the user's folder.
    ///   - base: an existing empty folder.
    ///   - overlays: contents that stand in for files of the folder (unsaved buffers), by relative path.
    public static func take(
        folder: String, into base: String, overlays: [String: [UInt8]] = [:], rules: WorkspaceRules = .init(),
        limits: WorkspaceSnapshot.Limits = .init()
    ) throws(WorkspaceError) -> WorkspaceSnapshot {
        let ignore = IgnoreRules(folder: folder)
        let readAt = FileStamp.now()
        let survey = try FolderSurvey(folder: folder, rules: rules, limits: limits, ignore: ignore)
        return try take(
            folder: folder, survey, readAt: readAt, rules: rules, ignore: ignore, into: base, overlays: overlays,
            limits: limits
        ).snapshot(base: base)
    }

    /// - Parameters:
    ///   - readAt: a time before the survey.
    ///   - previous: an earlier copy of the folder. What did not change since is shared with it: both must never be
    ///     written to.
    static func take(
        folder: String, _ survey: FolderSurvey, readAt: Int, rules: WorkspaceRules, ignore: IgnoreRules?,
        into base: String, overlays: [String: [UInt8]], limits: WorkspaceSnapshot.Limits,
        previous: (index: BaseIndex, tree: String)? = nil
    ) throws(WorkspaceError) -> BaseIndex {
        var taker = SnapshotTaker(
            folder: folder, base: base, limits: limits, rules: rules, ignore: ignore, previous: previous,
            index: BaseIndex(
                folder: folder, treeHash: "", readAt: readAt, bytes: 0, leftOut: [], hasOverlays: !overlays.isEmpty))
        return try taker.run(survey, overlays)
    }

    private mutating func run(
        _ survey: FolderSurvey, _ overlays: [String: [UInt8]]
    ) throws(WorkspaceError) -> BaseIndex {
        leftOut = survey.leftOut
        bytes = survey.bytes
        for item in survey.items { try copy(item) }
        for (path, contents) in overlays.sorted(by: { $0.key < $1.key }) {
            try overlay(path, contents)
        }
        // Files that came have changed the times of their folders.
        for item in survey.items.reversed() where item.kind == .folder { setTimes(item) }
        index.leftOut = leftOut.texts
        index.nested = survey.nested
        index.rules = rules.description
        do {
            index.treeHash = try TreeHash.compute(index.files.mapValues(\.entry)).description
        } catch {
            throw .git(error.description)
        }
        return index
    }

    private mutating func copy(_ item: FolderSurvey.Item) throws(WorkspaceError) {
        let target = "\(base)/\(item.path)"
        switch item.kind {
        case .folder:
            guard mkdir(target, 0o755) == 0 else { throw failure(item.path) }
            index.folders.insert(item.path)
        case .file:
            if try share(item) { return }
            guard let blob = try copyFile(item) else { return }
            let mode: FileMode = item.stamp.mode & 0o100 != 0 ? .executable : .regular
            index.files[item.path] = BaseIndex.Record(
                stamp: item.stamp, entry: TreeHash.Entry(mode: mode, blob: blob))
        case .link:
            guard let bytes = FileBytes.readLink("\(folder)/\(item.path)") else { return }
            guard let link = String(validating: bytes, as: UTF8.self) else {
                leftOut.note(item.path, "links to a name that is not UTF-8")
                return
            }
            guard symlink(link, target) == 0 else { throw failure(item.path) }
            setTimes(item)
            do {
                index.files[item.path] = BaseIndex.Record(
                    stamp: item.stamp, entry: TreeHash.Entry(mode: .symbolicLink, blob: try ObjectID.blob(bytes)))
            } catch {
                throw .git(error.description)
            }
        }
    }

    /// Gives the copy of a file that did not change a second name.
    private mutating func share(_ item: FolderSurvey.Item) throws(WorkspaceError) -> Bool {
        guard let previous, let record = previous.index.files[item.path],
            try record.isUnchanged(item, folder: folder, since: previous.index.readAt),
            // Where it has as many names as the file system allows, it is copied.
            link("\(previous.tree)/\(item.path)", "\(base)/\(item.path)") == 0
        else { return false }
        index.files[item.path] = BaseIndex.Record(stamp: item.stamp, entry: record.entry)
        return true
    }

    private mutating func copyFile(_ item: FolderSurvey.Item) throws(WorkspaceError) -> ObjectID? {
        let target = "\(base)/\(item.path)"
        let input = open("\(folder)/\(item.path)", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard input >= 0 else {
            // What is gone meanwhile was not there.
            if errno != ENOENT { leftOut.note(item.path, "cannot be read") }
            return nil
        }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            leftOut.note(item.path, "became something else while it was read")
            return nil
        }
        let mode = mode_t(item.stamp.mode & 0o777) | 0o600
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard output >= 0 else { throw failure(item.path) }
        defer { close(output) }
        guard FileBytes.copy(from: input, to: output), fchmod(output, mode) == 0 else { throw failure(item.path) }
        if try withhold(item, input, target) { return nil }
        setTimes(item)
        if fstat(output, &status) == 0 { index.bytes += Int(status.st_blocks) * 512 }
        do { return try ObjectID.blob(file: target) } catch { throw .git(error.description) }
    }

    /// Takes a file back whose contents say that it is a secret.
    private mutating func withhold(
        _ item: FolderSurvey.Item, _ original: Int32, _ copy: String
    ) throws(WorkspaceError) -> Bool {
        guard let reason = SecretFiles.reason(item, original, rules) else { return false }
        guard unlink(copy) == 0 else { throw failure(item.path) }
        leftOut.secret(item.path, reason)
        index.withheld[item.path] = item.stamp
        return true
    }

    private mutating func overlay(_ path: String, _ contents: [UInt8]) throws(WorkspaceError) {
        let relative = try RelativePath.normalise(path, root: folder)
        let known = index.files[relative]
        guard !relative.isEmpty, known?.entry.mode != .symbolicLink else { throw .badPath(path) }
        // An open commit message or `.env` file stays with the user, like its file on disk.
        let isSecret =
            !rules.allowsSecret(relative)
            && (SecretFiles.reason(path: relative) ?? SecretFiles.reason(contents: contents, path: relative)) != nil
        if RelativePath.isGitInternal(relative) || isSecret || rules.excludes(relative)
            || (known == nil && ignore?.ignores(relative) == true && !rules.includes(relative))
        {
            leftOut.note(relative, "is an unsaved buffer of a file that is not taken")
            return
        }
        bytes += contents.count
        if known == nil, index.files.count >= limits.files { throw .tooManyFiles(limit: limits.files) }
        if bytes > limits.bytes { throw .tooLarge(limit: limits.bytes) }
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
        // The file there may be shared with another snapshot: it is replaced, not written to.
        let target = "\(base)/\(relative)"
        var mode: mode_t = 0o644
        var status = stat()
        if lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
            mode = status.st_mode & 0o777
            guard unlink(target) == 0 else { throw failure(relative) }
        }
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard output >= 0 else { throw failure(relative) }
        defer { close(output) }
        guard fchmod(output, mode) == 0, FileBytes.write(contents, to: output) else { throw failure(relative) }
        do {
            let entry = TreeHash.Entry(mode: known?.entry.mode ?? .regular, blob: try ObjectID.blob(contents))
            // Never again the file's own state: the next survey finds it changed.
            let stamp = FileStamp(device: 0, inode: 0, mode: 0, size: 0, modified: 0, changed: 0)
            index.files[relative] = BaseIndex.Record(stamp: stamp, entry: entry)
        } catch {
            throw .git(error.description)
        }
    }

    private func failure(_ path: String) -> WorkspaceError {
        .fileFailed(path: path, reason: String(cString: strerror(errno)))
    }

    /// Build tools compare times: the copy keeps them.
    private func setTimes(_ item: FolderSurvey.Item) {
        _ = utimensat(AT_FDCWD, "\(base)/\(item.path)", item.stamp.modificationTimes, AT_SYMLINK_NOFOLLOW)
    }
}

extension BaseIndex.Record {
    /// Whether the file that is found now is the one of the record, contents included. One that was changed shortly
    /// before it was copied is read again.
    func isUnchanged(_ item: FolderSurvey.Item, folder: String, since readAt: Int) throws(WorkspaceError) -> Bool {
        guard stamp == item.stamp else { return false }
        if item.kind == .link || stamp.isSettled(at: readAt) { return true }
        do { return try ObjectID.blob(file: "\(folder)/\(item.path)") == entry.blob } catch { return false }
    }
}
