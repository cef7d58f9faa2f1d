/// What someone wrote about a pull or merge request.
public struct ReviewComment: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        /// On the whole change.
        case conversation
        /// The text of a review that approves or asks for changes.
        case review
        /// On lines of a file.
        case line
    }

    /// What the forge says of the author's rights in the repository.
    public enum Association: String, Sendable, Hashable {
        case owner
        case member
        case collaborator
        case contributor
        case none
        /// The forge does not say.
        case unknown
    }

    /// Unique within the change, with the kind in it: ids of several kinds may overlap.
    public var id: String
    public var kind: Kind
    /// User name.
    public var author: String
    public var association: Association
    /// The author is a program, as far as the forge says.
    public var isBot: Bool
    /// As written, capped; hostile.
    public var body: String
    /// The file that it is about, as the author sees it; not checked to be in the repository.
    public var path: String?
    /// Line of the file, from 1, on its new side; nil where the forge has none (any more).
    public var line: Int?
    /// RFC 3339; when it was last changed.
    public var updated: String
    public var url: String?
    /// The thread is marked as resolved.
    public var isResolved: Bool

    public init(
        id: String, kind: Kind, author: String, association: Association = .unknown, isBot: Bool = false, body: String,
        path: String? = nil, line: Int? = nil, updated: String, url: String? = nil, isResolved: Bool = false
    ) {
        self.id = id
        self.kind = kind
        self.author = author
        self.association = association
        self.isBot = isBot
        self.body = body
        self.path = path
        self.line = line
        self.updated = updated
        self.url = url
        self.isResolved = isResolved
    }
}
