/// What came of the two sides of a file.
public struct MergedFile: Codable, Sendable, Equatable {
    public var path: String
    /// In base64; absent when the file cannot be merged: it is binary, larger than 4 MiB, or has conflicts already.
    public var contents: String?
    /// Whether both sides changed the same lines, which stand between conflict markers then, as `git merge-file` writes them;
    /// without `contents`: the user's side has conflict markers of an earlier merge.
    public var conflicts: Bool

    public init(path: String, contents: String?, conflicts: Bool) {
        self.path = path
        self.contents = contents
        self.conflicts = conflicts
    }
}
