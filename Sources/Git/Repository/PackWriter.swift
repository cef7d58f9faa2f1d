import Clibgit2

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Repository {
    /// Writes a pack of these objects, deltas among them, to a file.
    /// - Parameters:
    ///   - path: a new file (mode 0600); removed again when it fails.
    ///   - isCancelled: asked now and then.
    /// - Returns: bytes of the pack.
    /// - Throws: `GitError`; with the code of `GIT_EUSER` (-7) when it was cancelled, and the system's text when the disk
    ///   does not take it.
    public func writePack(
        of ids: [ObjectID], to path: String, isCancelled: @escaping () -> Bool = { false }
    ) throws(GitError) -> Int {
        var builder: OpaquePointer?
        try check("pack", git_packbuilder_new(&builder, handle))
        defer { git_packbuilder_free(builder) }
        // Others need the processors too.
        git_packbuilder_set_threads(builder, 1)
        for id in ids {
            var oid = id.oid
            try check("pack \(id)", git_packbuilder_insert(builder, &oid, nil))
        }
        let sink = PackSink(path: path, isCancelled: isCancelled)
        guard sink.isOpen else { throw Self.systemError("make \(path)") }
        let code = withExtendedLifetime(sink) {
            let payload = Unmanaged.passUnretained(sink).toOpaque()
            git_packbuilder_set_callbacks(
                builder,
                { _, _, _, payload in
                    guard let payload else { return 0 }
                    let isCancelled = Unmanaged<PackSink>.fromOpaque(payload).takeUnretainedValue().isCancelled()
                    return isCancelled ? GIT_EUSER.rawValue : 0
                }, payload)
            return git_packbuilder_foreach(
                builder,
                { bytes, count, payload in
                    guard let payload, let bytes else { return 0 }
                    return Unmanaged<PackSink>.fromOpaque(payload).takeUnretainedValue()
                        .write(UnsafeRawBufferPointer(start: bytes, count: count))
                }, payload)
        }
        if code < 0 {
            let error = sink.failure ?? .last("pack", code)
            sink.discard()
            throw error
        }
        guard sink.close() else {
            let error = Self.systemError("write \(path)")
            sink.discard()
            throw error
        }
        return sink.bytes
    }

    static func systemError(_ operation: String) -> GitError {
        GitError(operation: operation, code: -1, message: String(cString: strerror(errno)))
    }
}

/// The file that a pack is written to.
private final class PackSink {
    let isCancelled: () -> Bool
    private let path: String
    private var descriptor: Int32
    private(set) var bytes = 0
    private(set) var failure: GitError?

    init(path: String, isCancelled: @escaping () -> Bool) {
        self.path = path
        self.isCancelled = isCancelled
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    }

    deinit { _ = close() }

    var isOpen: Bool { descriptor >= 0 }

    /// A code for libgit2: zero goes on.
    func write(_ buffer: UnsafeRawBufferPointer) -> Int32 {
        if isCancelled() { return GIT_EUSER.rawValue }
        var rest = buffer[...]
        while !rest.isEmpty {
            let chunk = UnsafeRawBufferPointer(rebasing: rest)
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, chunk.baseAddress, chunk.count)
            #else
                let count = Darwin.write(descriptor, chunk.baseAddress, chunk.count)
            #endif
            if count < 0 {
                if errno == EINTR { continue }
                failure = Repository.systemError("write \(path)")
                return GIT_ERROR.rawValue
            }
            bytes += count
            rest = rest.dropFirst(count)
        }
        return 0
    }

    func close() -> Bool {
        guard descriptor >= 0 else { return true }
        defer { descriptor = -1 }
        #if canImport(Glibc)
            return Glibc.close(descriptor) == 0
        #else
            return Darwin.close(descriptor) == 0
        #endif
    }

    func discard() {
        _ = close()
        unlink(path)
    }
}
