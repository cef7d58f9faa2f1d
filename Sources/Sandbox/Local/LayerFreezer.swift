import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Takes out of an upper layer all that changes or hides its base, so that it only adds.
///
/// The layer was written by a sandbox: every step goes through an open directory, and no link is followed.
struct LayerFreezer {
    /// More than that, and the layer is told by this many of its paths.
    static let maximumPaths = 4096
    private static let maximumDepth = 256

    let attributes: OverlayChanges.Attributes
    private(set) var added: [String] = []
    private(set) var setAside: [String] = []
    /// Whether a list was cut.
    private(set) var isCut = false

    init(attributes: OverlayChanges.Attributes) {
        self.attributes = attributes
    }

    mutating func clean(upper: String, base: String) throws(SandboxError) {
        let top = open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else { throw Self.failure(upper) }
        defer { Descriptors.close(top) }
        let below = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard below >= 0 else { throw Self.failure(base) }
        defer { Descriptors.close(below) }
        try clean(top, over: below, prefix: "", depth: 0)
    }

    private mutating func clean(
        _ directory: Int32, over base: Int32, prefix: String, depth: Int
    ) throws(SandboxError) {
        guard depth <= Self.maximumDepth else {
            throw .fileOperation(path: prefix, errno: ELOOP, message: "directories are nested too deeply")
        }
        // A directory that was deleted and made again hides what the base has there.
        let code = attributes == .copy ? 0 : cspawn_remove_attribute(directory, attributes.rawValue + "opaque")
        guard code == 0 else { throw .fileOperation(path: prefix, errno: -code, message: errnoText(-code)) }
        guard let names = DirectoryReader.names(of: directory) else { throw Self.failure(prefix) }
        if attributes == .copy {
            guard let all = DirectoryReader.names(of: base) else { throw Self.failure(prefix) }
            for name in Set(all).subtracting(names) {
                note(prefix + String(decoding: name.bytes, as: UTF8.self), in: \.setAside)
            }
        }
        for name in names {
            guard let status = DirectoryReader.status(of: name, in: directory) else { continue }
            let path = prefix + String(decoding: name.bytes, as: UTF8.self)
            let isDirectory = status.st_mode & S_IFMT == S_IFDIR
            // The mount point that stands for the user's repository.
            if prefix.isEmpty, name.bytes == Array(".git".utf8) {
                try remove(name, in: directory, path, isDirectory)
                continue
            }
            guard let old = DirectoryReader.status(of: name, in: base) else {
                if isWhiteout(status) {
                    try remove(name, in: directory, path, false)
                } else {
                    note(path, in: \.added)
                }
                continue
            }
            guard isDirectory, old.st_mode & S_IFMT == S_IFDIR else {
                if !isSame(status, old, name, directory, base) { note(path, in: \.setAside) }
                try remove(name, in: directory, path, isDirectory)
                continue
            }
            let child = DirectoryReader.openDirectory(name, in: directory)
            guard child >= 0 else { throw Self.failure(path) }
            defer { Descriptors.close(child) }
            let below = DirectoryReader.openDirectory(name, in: base)
            guard below >= 0 else { throw Self.failure(path) }
            defer { Descriptors.close(below) }
            fchmod(child, old.st_mode & 0o7777 | 0o700)
            try clean(child, over: below, prefix: path + "/", depth: depth + 1)
        }
    }

    private mutating func note(_ path: String, in list: WritableKeyPath<Self, [String]>) {
        if self[keyPath: list].count < Self.maximumPaths { self[keyPath: list].append(path) } else { isCut = true }
    }

    private func isWhiteout(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }

    /// Whether a file was only touched. By size, mode and bytes.
    private func isSame(_ new: stat, _ old: stat, _ name: FileName, _ directory: Int32, _ base: Int32) -> Bool {
        guard new.st_mode == old.st_mode, new.st_mode & S_IFMT == S_IFREG, new.st_size == old.st_size else {
            return false
        }
        return DirectoryReader.hasSameBytes(name, in: directory, as: base)
    }

    private func remove(
        _ name: FileName, in directory: Int32, _ path: String, _ isDirectory: Bool
    ) throws(SandboxError) {
        if isDirectory {
            guard let text = String(validating: name.bytes, as: UTF8.self) else {
                throw .fileOperation(path: path, errno: EILSEQ, message: "its name is not UTF-8")
            }
            try TreeRemoval.remove("/proc/self/fd/\(directory)/\(text)")
        } else if name.withCString({ unlinkat(directory, $0, 0) }) != 0, errno != ENOENT {
            throw Self.failure(path)
        }
    }

    private static func failure(_ path: String) -> SandboxError {
        .fileOperation(path: path, errno: errno, message: errnoText(errno))
    }
}
