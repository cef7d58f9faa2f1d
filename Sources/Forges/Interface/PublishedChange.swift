/// A pull or merge request as the forge has it.
public struct PublishedChange: Sendable, Hashable {
    public enum State: String, Sendable, Hashable {
        case open
        case merged
        /// Closed, declined or superseded without a merge.
        case closed
    }

    /// Number within the repository; with GitLab the `iid`.
    public var number: Int
    /// Its page for people. Only `https` and `http` addresses; nil where the forge gave none.
    public var url: String?
    public var state: State
    public var isDraft: Bool
    /// Id of the newest commit of its source branch that the forge knows of; nil where it does not say.
    public var headCommit: String?
    /// As people may have changed them there; nil where the forge does not say.
    public var title: String?
    /// Markdown, whole.
    public var body: String?
    /// It was opened by this very call.
    public var isNew: Bool
    /// What could not be done, each a sentence for the user: a label that the forge does not have, an unknown reviewer.
    public var notes: [String]

    public init(
        number: Int, url: String?, state: State, isDraft: Bool, headCommit: String? = nil, title: String? = nil,
        body: String? = nil, isNew: Bool = false, notes: [String] = []
    ) {
        self.number = number
        self.url = url
        self.state = state
        self.isDraft = isDraft
        self.headCommit = headCommit
        self.title = title
        self.body = body
        self.isNew = isNew
        self.notes = notes
    }
}
