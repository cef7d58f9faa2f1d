import AgentProtocol

/// What the store keeps of a session beside its events.
public struct SessionRecord: Codable, Sendable, Equatable {
    public var sessionId: String
    public var workspaceFolder: String
    public var title: String
    public var model: String
    public var state: SessionState
    public var outcome: TurnOutcome?
    public var applied: Bool
    /// Milliseconds since 1970 (UTC).
    public var createdAt: Int
    public var updatedAt: Int
    /// `idempotencyKey` of `agent/start`.
    public var idempotencyKey: String?
    /// The session that it was forked from.
    public var parent: String?
    /// The name of the bearer token of the client that started it.
    public var user: String?
    /// What it works on, where that is no folder.
    public var repository: RepositoryReference?

    public init(
        sessionId: String, workspaceFolder: String, title: String, model: String, state: SessionState,
        outcome: TurnOutcome? = nil, applied: Bool = false, createdAt: Int, updatedAt: Int,
        idempotencyKey: String? = nil, parent: String? = nil, user: String? = nil,
        repository: RepositoryReference? = nil
    ) {
        self.sessionId = sessionId
        self.workspaceFolder = workspaceFolder
        self.title = title
        self.model = model
        self.state = state
        self.outcome = outcome
        self.applied = applied
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.idempotencyKey = idempotencyKey
        self.parent = parent
        self.user = user
        self.repository = repository
    }
}
