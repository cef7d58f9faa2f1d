/// Lines that a file's patch shows together, from one `@@` to the next.
public struct DiffHunk: Codable, Sendable, Equatable {
    /// Names it in `agent/apply`; the same for as long as it stands at this place of the old file and shows the same lines.
    public var id: String
    /// The line that begins with `@@`.
    public var header: String
    /// First line of each side from 1, as in the header: of a side without lines, the line before.
    public var oldStart: Int
    public var oldLines: Int
    public var newStart: Int
    public var newLines: Int
    /// What differs in it: parts that can be chosen by themselves.
    public var changes: [HunkChange]

    public init(
        id: String, header: String, oldStart: Int, oldLines: Int, newStart: Int, newLines: Int, changes: [HunkChange]
    ) {
        self.id = id
        self.header = header
        self.oldStart = oldStart
        self.oldLines = oldLines
        self.newStart = newStart
        self.newLines = newLines
        self.changes = changes
    }
}
