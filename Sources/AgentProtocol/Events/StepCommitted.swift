/// `stepCommitted`: a step changed files, and its commit is on the service's disk: from here on it is not lost.
///
/// The commit is at the end of `refs/cofferdam/<session>` in the session's repository; `agent/objects` hands it out.
public struct StepCommitted: Codable, Sendable, Equatable {
    public var step: Int
    /// Name of the commit.
    public var commit: String
    /// The commit that it follows: of an earlier step, of the working tree at the start, or the user's own.
    public var parent: String?
    /// git tree hash of the commit.
    public var tree: String
    /// Files that differ from the parent's.
    public var files: Int

    public init(step: Int, commit: String, parent: String? = nil, tree: String, files: Int) {
        self.step = step
        self.commit = commit
        self.parent = parent
        self.tree = tree
        self.files = files
    }
}
