/// What taking a snapshot gave.
public struct SnapshotReport: Sendable, Equatable {
    /// Files and links that differ from the snapshot before; a deleted directory counts as one.
    public var changedFiles: Int
    /// Bytes on disk that it takes beyond what it shares with earlier ones.
    public var bytes: Int
    /// False when something was running in the sandbox and may have written while the files were read.
    public var isConsistent: Bool
    /// Steps that were given up to stay within the limits, oldest first.
    public var removedSteps: [Int]

    public init(changedFiles: Int, bytes: Int, isConsistent: Bool, removedSteps: [Int] = []) {
        self.changedFiles = changedFiles
        self.bytes = bytes
        self.isConsistent = isConsistent
        self.removedSteps = removedSteps
    }
}

/// A snapshot that a new sandbox begins with.
public struct SnapshotSource: Sendable, Equatable {
    /// Also the place of the new sandbox's own snapshots: what it has not changed by then is not copied again.
    public var store: SnapshotStore
    public var step: Int

    public init(store: SnapshotStore, step: Int) {
        self.store = store
        self.step = step
    }

    public static func == (left: SnapshotSource, right: SnapshotSource) -> Bool {
        left.store.directory == right.store.directory && left.step == right.step
    }
}

/// Bounds of the snapshots of one session.
public struct SnapshotLimits: Sendable, Equatable, Codable {
    /// Bytes on disk. The products of a large build fit several times.
    public var bytes = 8 << 30
    /// More than the model's answers of a few long turns.
    public var steps = 512
    /// Files, links and directories of one snapshot: their names are held in memory while it is taken.
    public var entries = 500_000
    /// Free space that is left to everything else on the disk; on a small disk a twentieth of it.
    public var reservedBytes = 512 << 20

    public init() {}
}

/// A directory that belongs to a snapshot, under the name by which it is known there.
struct SnapshotRoot: Sendable, Equatable {
    var name: String
    var path: String
}
