/// What two sides made of one file.
public struct MergeSides: Codable, Sendable, Equatable {
    public var path: String
    /// What both began with, in base64.
    public var base: String
    /// What the user has, in base64.
    public var ours: String
    /// What the session has, in base64.
    public var theirs: String

    public init(path: String, base: String, ours: String, theirs: String) {
        self.path = path
        self.base = base
        self.ours = ours
        self.theirs = theirs
    }
}
