/// Lines that took the place of others. Lines count from 1; with a count of 0 the start is the line before which the other
/// side's lines stand.
public struct LineHunk: Codable, Sendable, Hashable {
    public var oldStart: Int
    public var oldCount: Int
    public var newStart: Int
    public var newCount: Int

    public init(oldStart: Int, oldCount: Int, newStart: Int, newCount: Int) {
        self.oldStart = oldStart
        self.oldCount = oldCount
        self.newStart = newStart
        self.newCount = newCount
    }
}
