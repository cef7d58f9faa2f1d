/// `fileChanged`: a tool changed a file in the sandbox.
public struct FileChanged: Codable, Sendable, Equatable {
    /// The tool call.
    public var itemId: String
    /// Relative to the workspace folder.
    public var path: String
    public var change: FileChangeKind
    /// Unified diff of this step, capped.
    public var patch: String

    public init(itemId: String, path: String, change: FileChangeKind, patch: String) {
        self.itemId = itemId
        self.path = path
        self.change = change
        self.patch = patch
    }
}
