/// Neighbouring lines of a hunk that differ, without context.
public struct HunkChange: Codable, Sendable, Equatable {
    /// As a hunk's.
    public var id: String
    /// As a hunk's.
    public var oldStart: Int
    public var oldLines: Int
    public var newStart: Int
    public var newLines: Int

    public init(id: String, oldStart: Int, oldLines: Int, newStart: Int, newLines: Int) {
        self.id = id
        self.oldStart = oldStart
        self.oldLines = oldLines
        self.newStart = newStart
        self.newLines = newLines
    }
}
