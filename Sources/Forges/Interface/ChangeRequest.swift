/// A pull or merge request as it should be.
public struct ChangeRequest: Sendable, Hashable {
    /// Where it is opened.
    public var repository: RepositoryName
    /// Where the source branch is, when that is a fork; nil for the same repository.
    public var sourceRepository: RepositoryName?
    /// Branch names without `refs/heads/`.
    public var sourceBranch: String
    public var targetBranch: String
    public var title: String
    /// Markdown.
    public var body: String
    public var isDraft: Bool
    /// User names. With GitHub, `org/team` names a team.
    public var reviewers: [String]
    public var labels: [String]
    /// The one to update; nil to look for the open one of the source branch, and to open one where there is none.
    public var number: Int?

    public init(
        repository: RepositoryName,
        sourceRepository: RepositoryName? = nil,
        sourceBranch: String,
        targetBranch: String,
        title: String,
        body: String,
        isDraft: Bool = true,
        reviewers: [String] = [],
        labels: [String] = [],
        number: Int? = nil
    ) {
        self.repository = repository
        self.sourceRepository = sourceRepository
        self.sourceBranch = sourceBranch
        self.targetBranch = targetBranch
        self.title = title
        self.body = body
        self.isDraft = isDraft
        self.reviewers = reviewers
        self.labels = labels
        self.number = number
    }
}
