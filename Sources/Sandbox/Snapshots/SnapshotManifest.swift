/// A file, link or directory in a snapshot.
struct SnapshotEntry: Equatable {
    enum Kind: UInt8 {
        case regular
        case directory
        case symbolicLink
        /// The overlay's mark for what was deleted.
        case whiteout
        case fifo
        case socket
    }

    /// An extended attribute: the overlay's marks and the user's own.
    struct Attribute: Equatable {
        /// With a zero at its end.
        var name: [UInt8]
        var value: [UInt8]
    }

    /// By what a change of a file of the live tree shows: the kernel sets the time anew with every change of contents
    /// or status, and nobody without privileges can choose it.
    struct Stamp: Equatable {
        var inode: UInt64 = 0
        /// Nanoseconds since 1970.
        var changed = 0
    }

    var kind: Kind
    /// Permission bits.
    var mode: UInt32
    /// Nanoseconds since 1970.
    var modified: Int
    var size = 0
    /// The contents of a regular file, by their number in the store.
    var object: UInt64 = 0
    /// Whether the file has several names; they have the same object.
    var isLinked = false
    var target: [UInt8] = []
    var attributes: [Attribute] = []
    var stamp = Stamp()

    /// Equal but for what a restored tree need not have in common.
    func isSame(as other: SnapshotEntry) -> Bool {
        var left = self
        var right = other
        left.stamp = Stamp()
        right.stamp = Stamp()
        // It changes with every file that comes and goes.
        if kind == .directory { (left.modified, right.modified) = (0, 0) }
        return left == right
    }
}

/// What stands in a snapshot: every entry by its path, directories before what is in them.
struct SnapshotManifest {
    struct Item: Equatable {
        /// The root's name, then the names on the way, separated by slashes.
        var path: [UInt8]
        var entry: SnapshotEntry

        var depth: Int { path.count { $0 == UInt8(ascii: "/") } }
        var name: FileName {
            let slash = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex
            return FileName(bytes: Array(path[slash...]))
        }
    }

    private(set) var items: [Item] = []
    /// How the trees are marked; one of a copy holds what was copied as well.
    var kind: OverlayChanges.Attributes
    /// When the live tree was begun to be read, in nanoseconds since 1970: a file that changed shortly before may have
    /// changed again without another time.
    var readAt = 0
    /// Something was running then: it may have files mapped into memory, whose times the kernel sets late.
    var wasBusy = false
    private(set) var index: [[UInt8]: Int] = [:]

    init(kind: OverlayChanges.Attributes) {
        self.kind = kind
    }

    mutating func append(_ path: [UInt8], _ entry: SnapshotEntry) {
        index[path] = items.count
        items.append(Item(path: path, entry: entry))
    }

    mutating func replace(at position: Int, _ entry: SnapshotEntry) {
        items[position].entry = entry
    }

    subscript(path: [UInt8]) -> SnapshotEntry? {
        index[path].map { items[$0].entry }
    }

    /// Numbers of all contents, each once.
    var objects: Set<UInt64> {
        Set(items.lazy.map(\.entry).filter { $0.kind == .regular }.map(\.object))
    }

    /// Seconds before and after 1970 within which times are kept: what is added to and taken from them in nanoseconds then
    /// stays within 64 bits. Anybody may give a file a time beyond them; it becomes the nearest.
    static let furthest = 9_000_000_000

    /// Clocks of file systems go by ticks of at most ten milliseconds.
    private static let tick = 20_000_000
    /// The kernel writes mapped pages back after at most half a minute, and sets the times anew with the next write.
    private static let mapped = 60_000_000_000

    /// Whether an equal stamp proves equal contents.
    func isTrusted(_ entry: SnapshotEntry) -> Bool {
        entry.stamp.changed < readAt - (wasBusy ? Self.mapped : Self.tick)
    }

    /// Files and links that differ, in either direction; nil when nothing at all does.
    func differences(from other: SnapshotManifest) -> Int? {
        var files = 0
        var isDifferent = items.count != other.items.count
        for item in items {
            if let old = other[item.path], old.isSame(as: item.entry) { continue }
            isDifferent = true
            if item.entry.kind != .directory { files += 1 }
        }
        for item in other.items where index[item.path] == nil && item.entry.kind != .directory { files += 1 }
        return isDifferent ? files : nil
    }
}
