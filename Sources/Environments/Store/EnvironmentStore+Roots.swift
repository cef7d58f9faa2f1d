import JSON
import Sandbox

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension EnvironmentStore {
    /// What changes when an unpacked root would come out differently.
    private static let extractionVersion = "1"

    /// The root file system of an environment, unpacked once.
    ///
    /// - Parameter holder: directory of the session that uses it.
    /// - Throws: ``EnvironmentError``, and `CancellationError`.
    public func root(
        of definition: EnvironmentDefinition, holder: String,
        progress: @escaping @Sendable (EnvironmentProgress) async throws -> Void = { _ in }
    ) async throws -> PreparedRoot {
        switch definition.source {
        case .host:
            return PreparedRoot(root: .host, identity: Self.hostIdentity(), environment: [:], isNew: false)
        case .directory(let path):
            guard let real = realpath(path, nil) else {
                throw EnvironmentError.unreadable(path: path, reason: Self.reason)
            }
            defer { free(real) }
            let place = String(cString: real)
            guard place != "/" else {
                throw EnvironmentError.unreadable(path: path, reason: "it is the host's own root")
            }
            try Self.checkRoot(place, path)
            let identity = Self.identity(ofTree: place)
            return PreparedRoot(root: .directory(place), identity: identity, environment: [:], isNew: false)
        case .archive(let path):
            let digest = try await archiveDigest(path)
            return try await unpacked("archive \(digest)", definition.name, holder, progress) {
                root, limits, cancellation in
                let archive = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                guard archive >= 0 else { throw EnvironmentError.unreadable(path: path, reason: Self.reason) }
                defer { close(archive) }
                // The very bytes that the entry is named after.
                guard Digest(ofDescriptor: archive, cancellation) == digest else {
                    throw EnvironmentError.brokenArchive(path: path, reason: "it was changed meanwhile")
                }
                let writer = try TreeWriter.open(root, archive: path, limits: limits)
                try writer.add(ArchiveReader(descriptor: archive, path: path), isLayer: false, cancellation)
                return [:]
            }
        case .image(let path, let reference):
            let layout = ImageLayout(path: path)
            let image = try await BlockingWork.run { _ in try layout.image(reference) }
            return try await unpacked("image \(image.digest)", definition.name, holder, progress) {
                root, limits, cancellation in
                let writer = try TreeWriter.open(root, archive: path, limits: limits)
                for layer in image.layers {
                    let blob = try layout.open(layer, cancellation)
                    defer { close(blob) }
                    let reader = try ArchiveReader(descriptor: blob, path: "\(path) (\(layer.digest))")
                    try writer.add(reader, isLayer: true, cancellation)
                }
                return image.environment
            }
        }
    }

    private func unpacked(
        _ source: String, _ name: String, _ holder: String,
        _ progress: @escaping @Sendable (EnvironmentProgress) async throws -> Void,
        _ fill: @escaping @Sendable (String, ExtractionLimits, Cancellation) throws -> [String: String]
    ) async throws -> PreparedRoot {
        let hex = Digest(of: Array("root \(Self.extractionVersion) \(source)".utf8)).hex
        let limits = limits
        let (path, notes, origin) = try await entry(.roots, hex, holder: holder) {
            try await progress(.waiting(for: name))
        } build: { temporary in
            try await progress(.unpacking)
            let root = temporary + "/root"
            guard mkdir(root, 0o755) == 0 else { throw EnvironmentError.store(path: root, reason: Self.reason) }
            chmod(root, 0o755)
            let variables = try await BlockingWork.run { cancellation in
                let variables = try fill(root, limits, cancellation)
                try Self.checkRoot(root, source)
                return variables
            }
            try Task.checkCancellation()
            var environment = JSONObject()
            for (name, value) in variables.sorted(by: { $0.key < $1.key }) { environment[name] = .string(value) }
            return .object(["source": .string(source), "environment": .object(environment)])
        }
        var variables: [String: String] = [:]
        for (name, value) in notes["environment"]?.objectValue ?? JSONObject() { variables[name] = value.stringValue }
        return PreparedRoot(
            root: .directory(path + "/root"), identity: hex, environment: variables, isNew: origin == .ran)
    }

    /// A tree without programs is none to work in, and most likely an archive of something else.
    private static func checkRoot(_ root: String, _ name: String) throws(EnvironmentError) {
        guard access(root + "/bin", F_OK) == 0 || access(root + "/usr/bin", F_OK) == 0 else {
            throw .unreadable(path: name, reason: "it holds no root file system: neither /bin nor /usr/bin is in it")
        }
    }

    // MARK: Identities

    /// The hash of an archive, read once for as long as the file stays the same.
    private func archiveDigest(_ path: String) async throws -> Digest {
        let archive = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard archive >= 0 else { throw EnvironmentError.unreadable(path: path, reason: Self.reason) }
        defer { close(archive) }
        var status = stat()
        guard fstat(archive, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw EnvironmentError.unreadable(path: path, reason: "it is no regular file")
        }
        let mark = Self.mark(status)
        let known = "\(directory)/known/\(Digest(of: Array(path.utf8)).hex)"
        if let bytes = FileContents.read(known, limit: 4096) {
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 1).map(String.init)
            if words.count == 2, words[1] == mark, let digest = Digest(words[0]) { return digest }
        }
        guard let digest = try await BlockingWork.run({ Digest(ofDescriptor: archive, $0) }) else {
            try Task.checkCancellation()
            throw EnvironmentError.unreadable(path: path, reason: Self.reason)
        }
        _ = FileContents.write(Array("\(digest) \(mark)".utf8), to: known)
        return digest
    }

    private static func mark(_ status: stat) -> String {
        "\(status.st_dev) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
            + " \(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)"
    }

    /// Changes when what stands in a root file system does, as far as its packages and main directories tell.
    public static func identity(of root: RootFileSystem) -> String {
        switch root {
        case .host: "\(hostIdentity()) \(LocalDriver.toolchainIdentity)"
        case .directory(let path): identity(ofTree: path)
        }
    }

    /// The host's packages: their data base changes with every one that is installed or removed.
    private static func hostIdentity() -> String {
        identity(ofTree: "")
    }

    /// Of a tree that somebody else keeps: its release, the data bases of its packages, its main directories.
    private static func identity(ofTree root: String) -> String {
        var text = "tree \(root)"
        for name in ["/etc/os-release", "/usr/lib/os-release"] {
            if let bytes = FileContents.read(root + name, limit: 64 << 10) { text += " \(Digest(of: bytes))" }
        }
        let marks = [
            "/var/lib/dpkg/status", "/var/lib/rpm/rpmdb.sqlite", "/lib/apk/db/installed", "/var/lib/pacman/local",
            "/nix/var/nix/profiles/default",
        ]
        for name in marks + (root.isEmpty ? [] : ["/bin", "/usr", "/usr/bin", "/usr/local/bin", "/lib", "/opt"]) {
            var status = stat()
            if stat(root + name, &status) == 0 { text += " \(name) \(mark(status))" }
        }
        return Digest(of: Array(text.utf8)).hex
    }
}
