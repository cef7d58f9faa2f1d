/// A workspace whose files a client has uploaded, as the service's host does not have the folder.
public struct UploadedWorkspace: Codable, Sendable, Equatable {
    /// The client's name for what it uploads to; see `workspace/negotiate`.
    public var project: String
    /// Name of the git tree with the files, unsaved buffers included: forty hexadecimal digits.
    public var tree: String
    /// Name of the blob that says where the files come from: head, author, and how git's own tree differs.
    public var origin: String?

    public init(project: String, tree: String, origin: String? = nil) {
        self.project = project
        self.tree = tree
        self.origin = origin
    }
}
