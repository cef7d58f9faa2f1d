import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Which files of a user's folder a snapshot takes, by looking at names and states only: nothing is opened.
///
/// Left out: `.git` (its configuration, hooks and credentials are the user's), what git ignores, what looks like a secret
/// by its name, sockets, pipes and devices, and names that are not UTF-8. ``WorkspaceRules`` change the former.
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
    /// Folders that are working trees of repositories of their own: submodules, and others.
    private(set) var nested: [String] = []
    /// Names that are not UTF-8, with the folders that hold them.
    private(set) var undecodable: [(folder: String, name: [UInt8])] = []

    private let folder: String
    private let rules: WorkspaceRules
    private let limits: WorkspaceSnapshot.Limits
    /// The rules that hold where the walk is: the innermost repository's, with its folder.
    private var ignore: (rules: IgnoreRules?, folder: String)
    private var paths: Set<String> = []

    /// As deep as changes in a sandbox are followed; what is deeper would only serve to exhaust the stack.
    private static let maximumDepth = 256

    init(
        folder: String, rules: WorkspaceRules, limits: WorkspaceSnapshot.Limits, ignore: IgnoreRules?
    ) throws(WorkspaceError) {
        self.folder = folder
        self.rules = rules
        self.limits = limits
        self.ignore = (ignore, "")
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
        var isRepository = false
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name else {
                leftOut.note(relative, "holds a name that is not UTF-8")
                let bytes = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                        Array(UnsafeRawBufferPointer(start: $0, count: strlen($0)))
                    }
                }
                undecodable.append((relative, bytes))
                continue
            }
            if name == ".git" { isRepository = true }
            if name == "." || name == ".." || name == ".git" { continue }
            var status = stat()
            // What is gone meanwhile was not there.
            guard fstatat(dirfd(directory), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            found.append((name, status))
        }
        closedir(directory)
        let outer = ignore
        defer { ignore = outer }
        if isRepository, !relative.isEmpty {
            nested.append(relative)
            if let own = IgnoreRules(folder: "\(folder)/\(relative)") { ignore = (own, "\(relative)/") }
        }
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
            if rules.excludes(path) { return }
            if isIgnored(path + "/"), !rules.includes(path), !rules.leads(into: path) { return }
            guard depth < Self.maximumDepth else {
                leftOut.note("\(path.prefix(100))…", "is nested too deeply")
                return
            }
            items.append(Item(path: path, kind: .folder, stamp: stamp))
            try walk(path, depth: depth + 1)
        case S_IFREG:
            if isLeftOut(path) { return }
            try count(path, stamp.size)
            items.append(Item(path: path, kind: .file, stamp: stamp))
        case S_IFLNK:
            if isLeftOut(path) { return }
            try count(path, 0)
            items.append(Item(path: path, kind: .link, stamp: stamp))
        default:
            leftOut.note(path, "is neither a file, a folder nor a link")
        }
    }

    /// Whether git would leave out a file that is not there.
    func wouldIgnore(_ path: String) -> Bool { isIgnored(path) }

    private mutating func isLeftOut(_ path: String) -> Bool {
        if rules.excludes(path) || (isIgnored(path) && !rules.includes(path)) { return true }
        guard let reason = SecretFiles.reason(path: path), !rules.allowsSecret(path) else { return false }
        leftOut.secret(path, reason)
        return true
    }

    private func isIgnored(_ path: String) -> Bool {
        ignore.rules?.ignores(String(path.utf8.dropFirst(ignore.folder.utf8.count)) ?? path) == true
    }

    private mutating func count(_ path: String, _ size: Int) throws(WorkspaceError) {
        paths.insert(path)
        files += 1
        bytes += size
        if files > limits.files { throw .tooManyFiles(limit: limits.files) }
        if bytes > limits.bytes { throw .tooLarge(limit: limits.bytes) }
    }
}
