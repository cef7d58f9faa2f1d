import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The contents of files, each in a file of its own that is never written to again and is called by its number.
///
/// All have the mode 0600, whatever the sandbox's file had: what it says is in the manifest.
// @unchecked Sendable: it is a part of SnapshotStore.State and is used under its lock only.
final class ObjectDirectory: @unchecked Sendable {
    let path: String
    private let descriptor: Int32
    private var next: UInt64
    /// Made since ``begin(mostBytes:reserve:)``.
    private(set) var added: [UInt64] = []
    private(set) var addedBytes = 0
    private var mostBytes = 0
    private var freeBytes = 0

    /// Opens the directory, which is made where it is missing. `next` is above every number in use.
    init(_ path: String, next: UInt64) throws(SandboxError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .snapshotFailed("\(path) cannot be made: \(errnoText(errno))")
        }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .snapshotFailed("\(path) cannot be opened: \(errnoText(errno))") }
        self.path = path
        self.descriptor = descriptor
        self.next = next
    }

    deinit { Descriptors.close(descriptor) }

    /// Before the objects of a snapshot: how much they may take, and how much of the disk they leave free.
    func begin(mostBytes: Int, reserve: Int) {
        added = []
        addedBytes = 0
        self.mostBytes = mostBytes
        var disk = statvfs()
        freeBytes = .max
        if fstatvfs(descriptor, &disk) == 0 {
            let block = Int(clamping: disk.f_frsize)
            let kept = min(reserve, Int(clamping: disk.f_blocks) / 20 * block)
            freeBytes = Int(clamping: disk.f_bavail) * block - kept
        }
    }

    /// Takes back what was added since.
    func rollBack() {
        for object in added { _ = withName(object) { unlinkat(descriptor, $0, 0) } }
        added = []
        addedBytes = 0
    }

    /// A new object with the first `size` bytes of an open file, which takes that many `blocks` of 512 bytes.
    func add(_ source: Int32, size: Int, blocks: Int) throws(SandboxError) -> UInt64 {
        let (object, target) = try create()
        defer { Descriptors.close(target) }
        if lseek(source, 0, SEEK_SET) < 0 { throw .snapshotFailed(errnoText(errno)) }
        let bytes = blocks * 512
        guard addedBytes + bytes <= mostBytes else {
            throw .snapshotFailed("the changes hold more than \(mostBytes >> 20) MiB")
        }
        // Shared blocks take no room, so this is asked first.
        let code = addedBytes + bytes <= freeBytes ? cspawn_copy_contents(source, target, off_t(size)) : -ENOSPC
        guard code >= 0 else {
            throw .snapshotFailed("the copies cannot be written: \(errnoText(-code))")
        }
        addedBytes += code == 1 ? 0 : bytes
        return object
    }

    /// A new object with the bytes of one of another store: shared where both are on one file system.
    func add(_ other: UInt64, of directory: ObjectDirectory) throws(SandboxError) -> UInt64 {
        let object = next
        next += 1
        let code = directory.withName(other) { from in
            withName(object) { linkat(directory.descriptor, from, descriptor, $0, 0) }
        }
        if code == 0 {
            added.append(object)
            return object
        }
        let source = directory.openObject(other)
        guard source >= 0 else { throw .snapshotFailed("an object is missing: \(errnoText(errno))") }
        defer { Descriptors.close(source) }
        var status = stat()
        guard fstat(source, &status) == 0 else { throw .snapshotFailed(errnoText(errno)) }
        return try add(source, size: Int(status.st_size), blocks: Int(status.st_blocks))
    }

    /// Gives up an object that was just added.
    func discard(_ object: UInt64) {
        _ = remove(object)
        added.removeAll { $0 == object }
    }

    /// - Returns: the bytes that became free.
    func remove(_ object: UInt64) -> Int {
        var status = stat()
        let isKnown = withName(object) { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0
        _ = withName(object) { unlinkat(descriptor, $0, 0) }
        // Another store may hold on to the bytes.
        return isKnown && status.st_nlink == 1 ? Int(status.st_blocks) * 512 : 0
    }

    /// Negative when it is not there.
    func openObject(_ object: UInt64) -> Int32 {
        withName(object) { openat(descriptor, $0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
    }

    /// Whether an open file has exactly the bytes of an object.
    func holds(_ object: UInt64, theBytesOf source: Int32) -> Bool {
        let copy = openObject(object)
        guard copy >= 0 else { return false }
        defer { Descriptors.close(copy) }
        guard lseek(source, 0, SEEK_SET) == 0 else { return false }
        while let left = Descriptors.read(source), let right = Descriptors.read(copy) {
            guard left == right else { return false }
            if left.isEmpty { return true }
        }
        return false
    }

    private func create() throws(SandboxError) -> (object: UInt64, descriptor: Int32) {
        let object = next
        next += 1
        let target = withName(object) { openat(descriptor, $0, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard target >= 0 else { throw .snapshotFailed("the copies cannot be written: \(errnoText(errno))") }
        added.append(object)
        return (object, target)
    }

    private func withName<T>(_ object: UInt64, _ body: (UnsafePointer<CChar>) -> T) -> T {
        String(object, radix: 36).withCString(body)
    }
}
