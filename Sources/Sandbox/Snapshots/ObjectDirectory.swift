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
    private let descriptor: Int32
    private var next: UInt64
    /// Made since ``begin(mostBytes:reserve:)``.
    private(set) var added: [UInt64] = []
    private(set) var addedBytes = 0
    /// Of all objects.
    private(set) var bytes = 0
    /// What each object counts for, in bytes: its own blocks, also where they are shared with the live file or with
    /// another store's object, which may go away or change at any time and leave them to this one.
    private var charges: [UInt64: Int] = [:]
    private var mostBytes = 0
    private var freeBytes = 0
    /// By the last object: what was taken of the free space, which shared blocks do not.
    private var lastWritten = 0

    /// Opens the directory, which is made where it is missing. `next` is above every number in use.
    init(_ path: String, next: UInt64) throws(SandboxError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .snapshotFailed("their directory cannot be made: \(errnoText(errno))")
        }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .snapshotFailed("their directory cannot be opened: \(errnoText(errno))") }
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
            let kept = min(reserve, Self.product(Int(clamping: disk.f_blocks) / 20, block))
            freeBytes = Self.product(Int(clamping: disk.f_bavail), block) - kept
        }
    }

    /// Some file systems say what they like of their size.
    private static func product(_ left: Int, _ right: Int) -> Int {
        let (product, isTooLarge) = left.multipliedReportingOverflow(by: right)
        return isTooLarge ? .max : product
    }

    /// Counts what lies in the directory. What has a number above the highest in use belongs to no step: it is removed.
    func count(highest: UInt64) {
        for name in DirectoryReader.names(of: descriptor) ?? [] {
            let text = String(decoding: name.bytes, as: UTF8.self)
            if let number = UInt64(text, radix: 36), number <= highest, String(number, radix: 36) == text,
                let status = DirectoryReader.status(of: name, in: descriptor)
            {
                setCharge(of: number, Self.charge(status))
            } else {
                _ = name.withCString { unlinkat(descriptor, $0, 0) }
            }
        }
    }

    private static func charge(_ status: stat) -> Int { max(0, Int(clamping: status.st_blocks)) * 512 }

    /// Takes back what was added since.
    func rollBack() {
        for object in added {
            _ = remove(object)
        }
        added = []
        addedBytes = 0
    }

    /// A new object with the first `size` bytes of an open file.
    func add(_ source: Int32, size: Int) throws(SandboxError) -> UInt64 {
        let (object, target) = try create()
        defer { Descriptors.close(target) }
        let allowed = mostBytes - addedBytes
        // The file may hold more by now than when it was looked at.
        let code = cspawn_copy_contents(source, target, off_t(size), off_t(max(0, min(allowed, freeBytes))))
        if code == -EFBIG { throw freeBytes < allowed ? Self.full : tooMuch }
        guard code >= 0 else {
            throw .snapshotFailed("the copies cannot be written: \(errnoText(-code))")
        }
        var status = stat()
        guard fstat(target, &status) == 0 else { throw .snapshotFailed(errnoText(errno)) }
        try charge(object, status)
        lastWritten = code == 0 ? Self.charge(status) : 0
        freeBytes -= lastWritten
        return object
    }

    private static var full: SandboxError {
        .snapshotFailed("the copies cannot be written: \(errnoText(ENOSPC))")
    }

    private var tooMuch: SandboxError { .snapshotFailed("the changes hold more than \(mostBytes >> 20) MiB") }

    private func setCharge(of object: UInt64, _ bytes: Int) {
        self.bytes += bytes - (charges.updateValue(bytes, forKey: object) ?? 0)
    }

    private func charge(_ object: UInt64, _ status: stat) throws(SandboxError) {
        let bytes = Self.charge(status)
        setCharge(of: object, bytes)
        addedBytes += bytes
        guard addedBytes <= mostBytes else { throw tooMuch }
    }

    /// A new object with the bytes of one of another store: shared where both are on one file system.
    func add(_ other: UInt64, of directory: ObjectDirectory) throws(SandboxError) -> UInt64 {
        let object = next
        next += 1
        let code = directory.withName(other) { from in
            withName(object) { linkat(directory.descriptor, from, descriptor, $0, 0) }
        }
        var status = stat()
        if code == 0 {
            added.append(object)
            guard withName(object, { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
                throw .snapshotFailed(errnoText(errno))
            }
            try charge(object, status)
            return object
        }
        let source = directory.openObject(other)
        guard source >= 0 else { throw .snapshotFailed("an object is missing: \(errnoText(errno))") }
        defer { Descriptors.close(source) }
        guard fstat(source, &status) == 0 else { throw .snapshotFailed(errnoText(errno)) }
        return try add(source, size: Int(status.st_size))
    }

    /// Gives up an object that was just added.
    func discard(_ object: UInt64) {
        addedBytes -= remove(object)
        if added.last == object { added.removeLast() }
        freeBytes += lastWritten
        lastWritten = 0
    }

    /// - Returns: the bytes that it counted for.
    func remove(_ object: UInt64) -> Int {
        _ = withName(object) { unlinkat(descriptor, $0, 0) }
        let charge = charges.removeValue(forKey: object) ?? 0
        bytes -= charge
        return charge
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
        return DirectoryReader.holdSameBytes(source, copy)
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
