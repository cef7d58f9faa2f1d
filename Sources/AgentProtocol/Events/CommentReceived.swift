/// `commentReceived`: someone commented on the session's pull or merge request.
public struct CommentReceived: Codable, Sendable, Equatable {
    /// Of the comment, within its pull or merge request.
    public var id: String
    /// User name on the forge.
    public var author: String
    /// What the forge says of the author's rights: `owner`, `member`, `collaborator`, `contributor`, `none` or `unknown`.
    public var association: String
    /// As written; long ones without their middle.
    public var body: String
    /// The file that it is about.
    public var path: String?
    /// Line of that file, from 1.
    public var line: Int?
    /// Its page on the forge.
    public var url: String?
    /// It becomes part of a prompt.
    public var prompted: Bool

    public init(
        id: String, author: String, association: String, body: String, path: String? = nil, line: Int? = nil,
        url: String? = nil, prompted: Bool
    ) {
        self.id = id
        self.author = author
        self.association = association
        self.body = body
        self.path = path
        self.line = line
        self.url = url
        self.prompted = prompted
    }
}
