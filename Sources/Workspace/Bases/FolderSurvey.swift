import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Which files of a user's folder a snapshot takes, by looking at names and states only: nothing is opened.
///
/// Left out: `.git` (its configuration, hooks and credentials are the user's), what git ignores, sockets, pipes and
/// devices, and names that are not UTF-8.
struct FolderSurvey {
    /// What stands at a path.
    struct Item {
        enum Kind {
            case folder
            case file
            case link
        }

        /// Relative to the folder; a folder comes before what is in it.
        var path: String
        var kind: Kind
        var stamp: FileStamp
    }

    private(set) var items: [Item] = []
    private(set) var bytes = 0
    private(set) var files = 0
    private(set) var leftOut = LeftOut()

    private let folder: String
    private let limits: WorkspaceSnapshot.Limits
    private let ignore: IgnoreRules?
    private var paths: Set<String> = []

    /// As deep as changes in a sandbox are followed; what is deeper would only serve to exhaust the stack.
    private static let maximumDepth = 256

    init(folder: String, limits: WorkspaceSnapshot.Limits, ignore: IgnoreRules?) throws(WorkspaceError) {
        self.folder = folder
        self.limits = limits
        self.ignore = ignore
        try walk("", depth: 0)
    }

    private mutating func walk(_ relative: String, depth: Int) throws(WorkspaceError) {
        guard let directory = opendir(relative.isEmpty ? folder : "\(folder)/\(relative)") else {
            if relative.isEmpty { throw .notAFolder(folder) }
            leftOut.note(relative, "cannot be read")
            return
        }
        // All first: no descriptor stays open while the folders below are walked.
        var found: [(name: String, status: stat)] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name else {
                leftOut.note(relative, "holds a name that is not UTF-8")
                continue
            }
            if name == "." || name == ".." || name == ".git" { continue }
            var status = stat()
            // What is gone meanwhile was not there.
            guard fstatat(dirfd(directory), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            found.append((name, status))
        }
        closedir(directory)
        for (name, status) in found {
            try add(relative.isEmpty ? name : "\(relative)/\(name)", status, depth: depth)
        }
    }

    private mutating func add(_ path: String, _ status: stat, depth: Int) throws(WorkspaceError) {
        // Swift takes two Unicode forms of a name for the same; the file system does not.
        guard !paths.contains(path) else {
            leftOut.note(path, "has the name of another file in another Unicode form")
            return
        }
        let stamp = FileStamp(status)
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            if ignore?.ignores(path + "/") == true { return }
            guard depth < Self.maximumDepth else {
                leftOut.note("\(path.prefix(100))…", "is nested too deeply")
                return
            }
            items.append(Item(path: path, kind: .folder, stamp: stamp))
            try walk(path, depth: depth + 1)
        case S_IFREG:
            if ignore?.ignores(path) == true { return }
            try count(path, stamp.size)
            items.append(Item(path: path, kind: .file, stamp: stamp))
        case S_IFLNK:
            if ignore?.ignores(path) == true { return }
            try count(path, 0)
            items.append(Item(path: path, kind: .link, stamp: stamp))
        default:
            leftOut.note(path, "is neither a file, a folder nor a link")
        }
    }

    private mutating func count(_ path: String, _ size: Int) throws(WorkspaceError) {
        paths.insert(path)
        files += 1
        bytes += size
        if files > limits.files { throw .tooManyFiles(limit: limits.files) }
        if bytes > limits.bytes { throw .tooLarge(limit: limits.bytes) }
    }
}

/// Names of what is not taken, with the reasons: a few, for the user.
struct LeftOut {
    private(set) var texts: [String] = []

    private static let maximum = 20

    mutating func note(_ path: String, _ reason: String) {
        if texts.count < Self.maximum { texts.append("\(path.isEmpty ? "." : path) \(reason)") }
    }

    mutating func add(_ other: [String]) {
        texts += other.prefix(Self.maximum - texts.count)
    }
}
