/// How the lines of one file differ from those of an older one.
public struct LineChanges: Codable, Sendable, Hashable {
    /// Relative to the workspace folder.
    public var path: String
    /// In order; between two hunks the lines are the same.
    public var hunks: [LineHunk]

    public init(path: String, hunks: [LineHunk]) {
        self.path = path
        self.hunks = hunks
    }
}
