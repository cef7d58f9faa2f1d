/// The commit of a step.
public struct StepCommit: Codable, Sendable, Equatable {
    /// Absent for the working tree at the start.
    public var step: Int?
    public var commit: String
    /// The commit that it follows; absent when there is none.
    public var parent: String?
    /// git tree hash of the commit.
    public var tree: String
    /// Files that differ from the parent's.
    public var files: Int
    /// Milliseconds since 1970 (UTC).
    public var time: Int
    /// First line of its message.
    public var subject: String

    public init(
        step: Int? = nil, commit: String, parent: String? = nil, tree: String, files: Int, time: Int, subject: String
    ) {
        self.step = step
        self.commit = commit
        self.parent = parent
        self.tree = tree
        self.files = files
        self.time = time
        self.subject = subject
    }
}
