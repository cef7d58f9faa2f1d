import Git

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a base was made from: each file with its state at that time, so that a later look at the folder tells what changed.
struct BaseIndex {
    struct Record: Equatable {
        var stamp: FileStamp
        var entry: TreeHash.Entry
    }

    var folder: String
    var treeHash: String
    /// When the folder was looked at, in nanoseconds since 1970.
    var readAt: Int
    /// Bytes on disk that no other base had when it was made.
    var bytes: Int
    var leftOut: [String]
    /// Whether it holds unsaved buffers: no later session has the same.
    var hasOverlays: Bool
    /// The start of the machine in which it was made. Nothing of it is flushed to the disk by itself: after another start
    /// the files may be less than the list says.
    var boot = Self.currentBoot
    /// By what rules files were left out (`WorkspaceRules.description`).
    var rules = WorkspaceRules().description
    var files: [String: Record] = [:]
    var folders: Set<String> = []
    /// Files that were left out for their contents, as they were then.
    var withheld: [String: FileStamp] = [:]
    /// Folders in it that are working trees of other repositories.
    var nested: [String] = []
    /// The tree of a repository that it was made from; empty for a folder's copy. What could not be made of it is not in
    /// `treeHash`.
    var source = ""

    private static let magic = Array("cofferdam base 3\n".utf8)

    /// Empty where the system does not tell.
    static let currentBoot: String = {
        let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
        return String(decoding: bytes[..<max(0, count)].filter { $0 > 0x20 }, as: UTF8.self)
    }()

    func snapshot(base: String) -> WorkspaceSnapshot {
        WorkspaceSnapshot(
            base: base, entries: files.mapValues(\.entry), treeHash: treeHash, leftOut: leftOut, nested: nested)
    }

    // MARK: On disk

    var serialized: [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(files.count * 140)
        func add(_ number: Int) { withUnsafeBytes(of: UInt64(bitPattern: Int64(number)).littleEndian) { bytes += $0 } }
        func add(_ text: String) {
            add(text.utf8.count)
            bytes += text.utf8
        }
        add(folder)
        add(treeHash)
        add(boot)
        add(rules)
        add(source)
        for number in [readAt, self.bytes, hasOverlays ? 1 : 0, leftOut.count] { add(number) }
        for text in leftOut { add(text) }
        add(folders.count)
        for path in folders { add(path) }
        add(nested.count)
        for path in nested { add(path) }
        func add(_ stamp: FileStamp) {
            add(Int(truncatingIfNeeded: stamp.device))
            add(Int(truncatingIfNeeded: stamp.inode))
            for number in [Int(stamp.mode), stamp.size, stamp.modified, stamp.changed] { add(number) }
        }
        add(withheld.count)
        for (path, stamp) in withheld {
            add(path)
            add(stamp)
        }
        add(files.count)
        for (path, record) in files {
            add(path)
            add(record.entry.mode.rawValue)
            bytes += record.entry.blob.bytes
            add(record.stamp)
        }
        return bytes
    }

    /// Nil when the bytes are no index.
    init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: Self.magic) else { return nil }
        var reader = Reader(bytes: bytes, position: Self.magic.count)
        guard let folder = reader.text(), let treeHash = reader.text(), let boot = reader.text(),
            let rules = reader.text(), let source = reader.text(), let readAt = reader.number(),
            let own = reader.number(), let overlays = reader.number(), let notes = reader.count()
        else { return nil }
        self.init(
            folder: folder, treeHash: treeHash, readAt: readAt, bytes: own, leftOut: [], hasOverlays: overlays != 0)
        self.boot = boot
        self.rules = rules
        self.source = source
        for _ in 0..<notes {
            guard let text = reader.text() else { return nil }
            leftOut.append(text)
        }
        guard let folderCount = reader.count() else { return nil }
        for _ in 0..<folderCount {
            guard let path = reader.text() else { return nil }
            folders.insert(path)
        }
        guard let nestedCount = reader.count() else { return nil }
        for _ in 0..<nestedCount {
            guard let path = reader.text() else { return nil }
            nested.append(path)
        }
        guard let withheldCount = reader.count() else { return nil }
        for _ in 0..<withheldCount {
            guard let path = reader.text(), let stamp = Self.stamp(&reader) else { return nil }
            withheld[path] = stamp
        }
        guard let fileCount = reader.count() else { return nil }
        files.reserveCapacity(fileCount)
        for _ in 0..<fileCount {
            guard let path = reader.text(), let record = Self.record(&reader) else { return nil }
            files[path] = record
        }
        guard reader.isAtEnd else { return nil }
    }

    init(folder: String, treeHash: String, readAt: Int, bytes: Int, leftOut: [String], hasOverlays: Bool) {
        self.folder = folder
        self.treeHash = treeHash
        self.readAt = readAt
        self.bytes = bytes
        self.leftOut = leftOut
        self.hasOverlays = hasOverlays
    }

    private static func record(_ reader: inout Reader) -> Record? {
        guard let mode = reader.text().flatMap(FileMode.init(rawValue:)), let name = reader.bytes(20),
            let blob = ObjectID(bytes: name), let stamp = stamp(&reader)
        else { return nil }
        return Record(stamp: stamp, entry: TreeHash.Entry(mode: mode, blob: blob))
    }

    private static func stamp(_ reader: inout Reader) -> FileStamp? {
        guard let device = reader.number(), let inode = reader.number(), let bits = reader.number(),
            let size = reader.number(), let modified = reader.number(), let changed = reader.number()
        else { return nil }
        return FileStamp(
            device: UInt64(bitPattern: Int64(device)), inode: UInt64(bitPattern: Int64(inode)),
            mode: UInt32(truncatingIfNeeded: bits), size: size, modified: modified, changed: changed)
    }

    private struct Reader {
        let bytes: [UInt8]
        var position: Int

        var isAtEnd: Bool { position == bytes.count }

        mutating func number() -> Int? {
            guard bytes.count - position >= 8 else { return nil }
            defer { position += 8 }
            let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: UInt64.self) }
            return Int(Int64(bitPattern: UInt64(littleEndian: value)))
        }

        /// Of elements, each of at least eight bytes.
        mutating func count() -> Int? {
            number().flatMap { $0 >= 0 && $0 <= (bytes.count - position) / 8 ? $0 : nil }
        }

        mutating func bytes(_ count: Int) -> [UInt8]? {
            guard count >= 0, count <= bytes.count - position else { return nil }
            defer { position += count }
            return Array(bytes[position..<(position + count)])
        }

        mutating func text() -> String? {
            guard let count = number(), count >= 0, count <= bytes.count - position else { return nil }
            defer { position += count }
            return String(validating: bytes[position..<(position + count)], as: UTF8.self)
        }
    }
}
