/// What of one file is to be applied.
public struct HunkChoice: Codable, Sendable, Equatable {
    /// Relative to the workspace folder.
    public var path: String
    /// Of hunks or of changes in them; `mode` for the executable bit.
    public var ids: [String]

    public init(path: String, ids: [String]) {
        self.path = path
        self.ids = ids
    }
}
