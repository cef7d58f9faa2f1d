/// A session as lists show it.
public struct SessionSummary: Codable, Sendable, Equatable {
    public var sessionId: String
    /// With `repository` only a place in the sandbox.
    public var workspaceFolder: String
    /// What it works on, where that is no folder.
    public var repository: RepositoryReference?
    /// The first line of the first prompt, or what the model of the role `title` made of it.
    public var title: String
    public var state: SessionState
    /// How the last turn ended.
    public var outcome: TurnOutcome?
    public var model: String
    /// Milliseconds since 1970 (UTC).
    public var createdAt: Int
    public var updatedAt: Int
    /// The newest event.
    public var seq: Int
    /// Approvals that wait for an answer.
    public var pendingApprovals: [ApprovalRequest]
    /// True once a client applied the result in full.
    public var applied: Bool
    /// The session that this one was forked from.
    public var parent: String?
    /// Its place in the queue, from 1, while its state is `queued`.
    public var queuePosition: Int?

    public init(
        sessionId: String, workspaceFolder: String, title: String, state: SessionState, outcome: TurnOutcome?,
        model: String, createdAt: Int, updatedAt: Int, seq: Int, pendingApprovals: [ApprovalRequest], applied: Bool,
        parent: String? = nil, queuePosition: Int? = nil, repository: RepositoryReference? = nil
    ) {
        self.sessionId = sessionId
        self.workspaceFolder = workspaceFolder
        self.title = title
        self.state = state
        self.outcome = outcome
        self.model = model
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.seq = seq
        self.pendingApprovals = pendingApprovals
        self.applied = applied
        self.parent = parent
        self.queuePosition = queuePosition
        self.repository = repository
    }
}
