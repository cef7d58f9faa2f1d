import JSONRPC

/// `agent/publish`: brings what a session changed to a remote repository, or hands it out as git takes it.
///
/// Sent again after more steps, it brings the same branch and the same pull or merge request up to date; without new steps
/// it gives the same result again.
public enum AgentPublish: RequestType {
    public static let method = "agent/publish"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        public var kind: PublishKind
        /// Address of the remote; absent: that of the session, else the first of its folder that may be pushed.
        public var remote: String?
        /// Branch that the changes are for; absent: what the service's file says, else that of the session, else the remote's default.
        public var base: String?
        /// Name of the branch that is pushed; absent: by the service's template, or the one of the earlier publishing.
        public var branch: String?
        /// Absent: the session's title.
        public var title: String?
        /// Text of the pull or merge request, before the repository's template and what the checks proved.
        public var body: String?
        /// Absent: as the service's file says, which is true by itself.
        public var draft: Bool?
        /// Added to those of the service's file.
        public var reviewers: [String]?
        /// Added to those of the service's file.
        public var labels: [String]?
        /// What the user has approved, as `needsApproval` named it.
        public var approved: [String]?

        public init(
            sessionId: String, kind: PublishKind, remote: String? = nil, base: String? = nil, branch: String? = nil,
            title: String? = nil, body: String? = nil, draft: Bool? = nil, reviewers: [String]? = nil,
            labels: [String]? = nil, approved: [String]? = nil
        ) {
            self.sessionId = sessionId
            self.kind = kind
            self.remote = remote
            self.base = base
            self.branch = branch
            self.title = title
            self.body = body
            self.draft = draft
            self.reviewers = reviewers
            self.labels = labels
            self.approved = approved
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// What the user must approve first: `unverified`, or `path:` and a path. Nothing was published.
        public var needsApproval: [String]?
        /// Where it was pushed.
        public var remote: String?
        public var branch: String?
        /// Branch that it is for.
        public var base: String?
        /// Name of the published commit.
        public var commit: String?
        /// Number of the pull or merge request.
        public var number: Int?
        /// Its page.
        public var url: String?
        /// The bundle or the patches, base64.
        public var data: String?
        /// What could not be done, for the user: a label that the forge does not have, an unknown reviewer.
        public var notes: [String]?

        public init(
            needsApproval: [String]? = nil, remote: String? = nil, branch: String? = nil, base: String? = nil,
            commit: String? = nil, number: Int? = nil, url: String? = nil, data: String? = nil, notes: [String]? = nil
        ) {
            self.needsApproval = needsApproval
            self.remote = remote
            self.branch = branch
            self.base = base
            self.commit = commit
            self.number = number
            self.url = url
            self.data = data
            self.notes = notes
        }
    }
}
