/// `snapshotTaken`: the session can be forked at this step, or set back to it.
///
/// A step ends with each round of tool calls, with each turn, and with the start (step 0).
public struct SnapshotTaken: Codable, Sendable, Equatable {
    /// Counts from 0; no number is used twice, also after a restore.
    public var step: Int
    /// The step that this one follows; absent for the first.
    public var parent: Int?
    /// Files and links that differ from the parent's.
    public var changedFiles: Int
    /// Bytes that the snapshot takes on disk beyond those that it shares with earlier ones.
    public var bytes: Int
    /// False when something in the sandbox wrote while the files were copied, or was running and may have.
    public var consistent: Bool
    /// Older steps that were given up for it, within the session's limits.
    public var removedSteps: [Int]?

    public init(
        step: Int, parent: Int?, changedFiles: Int, bytes: Int, consistent: Bool, removedSteps: [Int]? = nil
    ) {
        self.step = step
        self.parent = parent
        self.changedFiles = changedFiles
        self.bytes = bytes
        self.consistent = consistent
        self.removedSteps = removedSteps
    }
}
