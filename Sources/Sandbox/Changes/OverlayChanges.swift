import CSpawn
import SupervisorProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads from the upper layer of an overlay how the workspace differs from its base.
///
/// The layer was written by the sandbox, so nothing in it is trusted: every step goes through an open directory, links
/// are read and never followed, and only regular files are opened.
struct OverlayChanges {
    /// Where the overlay keeps its marks. Only the one in use counts: the other is the sandbox's to write.
    enum Attributes: String, Sendable, CaseIterable {
        case trusted = "trusted.overlay."
        case user = "user.overlay."
        /// There is no overlay: the upper directory is a copy of the whole workspace (``StateDirectory/isCopy``). No
        /// attribute has a name that begins so.
        case copy = "copy."
    }

    private static let maximumDepth = 256
    /// Bytes of all paths, which are held in memory: millions of usual length.
    static let maximumPaths = 256 << 20

    private let base: String
    private let upper: String
    private let attributes: Attributes
    /// What was copied over the base beforehand and counts as there; of a copy only, topmost first.
    private let layers: [String]
    private let mostPathBytes: Int
    private var pathBytes = 0
    private var changes: [(raw: [UInt8], change: WorkspaceChange)] = []

    init(
        base: String, upper: String, attributes: Attributes, layers: [String] = [],
        mostPathBytes: Int = Self.maximumPaths
    ) {
        self.mostPathBytes = mostPathBytes
        self.base = base
        self.upper = upper
        self.attributes = attributes
        self.layers = attributes == .copy ? layers : []
    }

    consuming func collect() throws(SandboxError) -> [WorkspaceChange] {
        let upperRoot = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard upperRoot >= 0 else { throw .fileOperation(path: upper, errno: errno, message: errnoText(errno)) }
        defer { Descriptors.close(upperRoot) }
        let baseRoot = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard baseRoot >= 0 else { throw .fileOperation(path: base, errno: errno, message: errnoText(errno)) }
        defer { Descriptors.close(baseRoot) }
        try walk(upperRoot, over: baseRoot, prefix: [], depth: 0)
        return changes.sorted { $0.raw.lexicographicallyPrecedes($1.raw) }.map(\.change)
    }

    /// One directory of the layer; `baseDirectory` is what it lies over, -1 for nothing.
    private mutating func walk(
        _ directory: Int32, over baseDirectory: Int32, prefix: [UInt8], depth: Int
    ) throws(SandboxError) {
        guard depth <= Self.maximumDepth else {
            let path = String(decoding: prefix, as: UTF8.self)
            throw .fileOperation(path: path, errno: ELOOP, message: "directories are nested too deeply")
        }
        let present = try names(of: directory, prefix)
        for name in present {
            try visit(name, in: directory, over: baseDirectory, path: join(prefix, name), depth: depth)
            try checkPaths(prefix)
        }
        // An opaque directory hides all that lies below it.
        guard baseDirectory >= 0, attributes == .copy || isMarked("opaque", directory, nil) else { return }
        let kept = Set(present)
        for name in try names(of: baseDirectory, prefix) where !kept.contains(name) {
            try delete(name, in: baseDirectory, path: join(prefix, name))
        }
    }

    /// How often a name is looked at anew that changes all the while; one that is exchanged without end passes at every
    /// second look.
    private static let mostLooks = 100

    private mutating func visit(
        _ name: FileName, in directory: Int32, over baseDirectory: Int32, path: [UInt8], depth: Int, looks: Int = 0
    ) throws(SandboxError) {
        guard let status = DirectoryReader.status(of: name, in: directory) else { return }
        let old = baseDirectory >= 0 ? DirectoryReader.status(of: name, in: baseDirectory) : nil
        if isWhiteout(status, name, in: directory) {
            if old != nil { try delete(name, in: baseDirectory, path: path) }
            return
        }
        let kind = FileKind(mode: status.st_mode)
        let oldKind = old.map { FileKind(mode: $0.st_mode) }
        guard kind == .directory else {
            if oldKind == .directory {
                try delete(name, in: baseDirectory, path: path)
                add(.added, kind, status, name, in: directory, path: path)
            } else if let old {
                compare(status, old, name, in: directory, baseDirectory, path: path)
            } else if !LayerComparison.isUnchanged(name, status, in: directory, path: path, layers: layers) {
                add(.added, kind, status, name, in: directory, path: path)
            }
            return
        }
        let child = DirectoryReader.openDirectory(name, in: directory)
        if child < 0, [ENOTDIR, ELOOP, ENOENT].contains(errno), looks < Self.mostLooks {
            // A command in the background has put something else in its place since it was looked at.
            return try visit(
                name, in: directory, over: baseDirectory, path: path, depth: depth, looks: looks + 1)
        }
        guard child >= 0 else { throw Self.failure(path) }
        defer { Descriptors.close(child) }
        if let oldKind, oldKind != .directory { try delete(name, in: baseDirectory, path: path) }
        let below = oldKind == .directory ? DirectoryReader.openDirectory(name, in: baseDirectory) : -1
        defer { Descriptors.close(below) }
        try walk(child, over: below, prefix: path, depth: depth + 1)
    }

    private mutating func compare(
        _ new: stat, _ old: stat, _ name: FileName, in directory: Int32, _ baseDirectory: Int32, path: [UInt8]
    ) {
        let kind = FileKind(mode: new.st_mode)
        let sameContents: Bool =
            switch (kind, FileKind(mode: old.st_mode)) {
            case (.regular, .regular):
                new.st_size == old.st_size && DirectoryReader.hasSameBytes(name, in: directory, as: baseDirectory)
            case (.symbolicLink, .symbolicLink):
                DirectoryReader.linkTarget(of: name, in: directory)
                    == DirectoryReader.linkTarget(of: name, in: baseDirectory)
            default: false
            }
        guard sameContents else { return add(.modified, kind, new, name, in: directory, path: path) }
        // Permission bits of a link mean nothing.
        guard kind == .regular, new.st_mode & 0o7777 != old.st_mode & 0o7777 else { return }
        add(.modeChanged, kind, new, name, in: directory, path: path)
    }

    private mutating func add(
        _ change: WorkspaceChange.Kind, _ kind: FileKind, _ status: stat, _ name: FileName, in directory: Int32,
        path: [UInt8]
    ) {
        let target = kind == .symbolicLink ? DirectoryReader.linkTarget(of: name, in: directory) : []
        let root = upper
        let shown = String(decoding: path, as: UTF8.self)
        let read: @Sendable (Int) throws -> [UInt8] = { limit in
            switch kind {
            case .regular: try OverlayChanges.contents(of: path, beneath: root, shown: shown, limit: limit)
            case .symbolicLink: target
            default: throw SandboxError.notARegularFile(shown)
            }
        }
        append(
            path,
            WorkspaceChange(
                path: shown, isPathValid: Self.isText(path), kind: change, fileKind: kind,
                mode: status.st_mode & 0o7777, size: kind == .regular ? max(0, Int(status.st_size)) : target.count,
                linkTarget: kind == .symbolicLink ? String(decoding: target, as: UTF8.self) : nil, read: read))
    }

    /// Notes the deletion of a file of the base, or of every file in a directory of it.
    private mutating func delete(_ name: FileName, in baseDirectory: Int32, path: [UInt8]) throws(SandboxError) {
        guard let old = DirectoryReader.status(of: name, in: baseDirectory) else { return }
        let kind = FileKind(mode: old.st_mode)
        guard kind == .directory else {
            let shown = String(decoding: path, as: UTF8.self)
            let deletion = WorkspaceChange(
                path: shown, isPathValid: Self.isText(path), kind: .deleted, fileKind: kind,
                mode: old.st_mode & 0o7777, size: 0
            ) { _ in throw SandboxError.notARegularFile(shown) }
            append(path, deletion)
            return
        }
        let directory = DirectoryReader.openDirectory(name, in: baseDirectory)
        guard directory >= 0 else { throw Self.failure(path) }
        defer { Descriptors.close(directory) }
        for child in try names(of: directory, path) {
            try delete(child, in: directory, path: join(path, child))
            try checkPaths(path)
        }
    }

    private func checkPaths(_ path: [UInt8]) throws(SandboxError) {
        guard pathBytes > mostPathBytes else { return }
        let shown = String(decoding: path.prefix(ProtocolLimits.maximumPath), as: UTF8.self)
        throw .fileOperation(
            path: shown, errno: E2BIG, message: "the names of what changed take more than \(mostPathBytes >> 20) MiB")
    }

    /// What cannot be read is an error: leaving it out would hide changes.
    private func names(of directory: Int32, _ path: [UInt8]) throws(SandboxError) -> [FileName] {
        guard let names = DirectoryReader.names(of: directory) else { throw Self.failure(path) }
        return names
    }

    private static func failure(_ path: [UInt8]) -> SandboxError {
        .fileOperation(path: String(decoding: path, as: UTF8.self), errno: errno, message: errnoText(errno))
    }

    private mutating func append(_ path: [UInt8], _ change: WorkspaceChange) {
        pathBytes += path.count
        changes.append((path, change))
    }

    private func isWhiteout(_ status: stat, _ name: FileName, in directory: Int32) -> Bool {
        if status.st_mode & S_IFMT == S_IFCHR { return status.st_rdev == 0 }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 else { return false }
        return isMarked("whiteout", directory, name)
    }

    private func isMarked(_ mark: String, _ directory: Int32, _ name: FileName?) -> Bool {
        var value = [UInt8](repeating: 0, count: 16)
        let count =
            if let name {
                name.withCString { cspawn_attribute(directory, $0, attributes.rawValue + mark, &value, value.count) }
            } else {
                cspawn_attribute(directory, nil, attributes.rawValue + mark, &value, value.count)
            }
        // "x" marks a directory that only holds whiteouts of the second kind; it hides nothing else.
        return mark == "opaque" ? count == 1 && value[0] == UInt8(ascii: "y") : count >= 0
    }

    /// The bytes of a regular file of the layer, no link followed on the way.
    private static func contents(
        of path: [UInt8], beneath root: String, shown: String, limit: Int
    ) throws(SandboxError) -> [UInt8] {
        let directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .fileOperation(path: root, errno: errno, message: errnoText(errno)) }
        defer { Descriptors.close(directory) }
        let descriptor = openBeneath(directory, path)
        guard descriptor >= 0 else {
            throw .fileOperation(path: shown, errno: -descriptor, message: errnoText(-descriptor))
        }
        defer { Descriptors.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .notARegularFile(shown)
        }
        var bytes: [UInt8] = []
        while let part = Descriptors.read(descriptor) {
            if part.isEmpty { return bytes }
            bytes += part
            guard bytes.count <= limit else { throw .fileTooLarge(path: shown, limit: limit) }
        }
        throw .fileOperation(path: shown, errno: errno, message: errnoText(errno))
    }

    /// Negative errno on failure.
    private static func openBeneath(_ directory: Int32, _ path: [UInt8]) -> Int32 {
        let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
        let descriptor = withPathPointer(path) { cspawn_open_beneath(directory, $0, flags, 0, CSPAWN_NO_SYMLINKS) }
        guard descriptor == -EACCES else { return descriptor }
        let place = withPathPointer(path) { cspawn_open_beneath(directory, $0, 0o10_000_000, 0, CSPAWN_NO_SYMLINKS) }
        guard place >= 0 else { return place }
        defer { Descriptors.close(place) }
        let opened = DirectoryReader.openUnreadable(place, flags | O_CLOEXEC)
        return opened < 0 ? -errno : opened
    }

    private static func isText(_ path: [UInt8]) -> Bool {
        String(validating: path, as: UTF8.self) != nil
    }

    private func join(_ prefix: [UInt8], _ name: FileName) -> [UInt8] {
        prefix.isEmpty ? name.bytes : prefix + [UInt8(ascii: "/")] + name.bytes
    }
}
