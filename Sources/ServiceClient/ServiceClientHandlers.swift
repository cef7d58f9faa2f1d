import AgentProtocol

/// What the client is told.
public struct ServiceClientHandlers: Sendable {
    /// Every event of every attached session once, and in order within a session; sessions do not wait for each other.
    public var progress: @Sendable (AgentProgress.Params) async -> Void
    /// Asks the user. Nil: the client does not declare that it can. Its task is cancelled when the service withdraws the
    /// question.
    public var approve: (@Sendable (AgentApproveAsk.Params) async throws -> AgentApproveAsk.Result)?
    public var connectionChanged: @Sendable (ServiceConnectionState) async -> Void
    /// How far the upload of a workspace is that a session is to start on.
    public var uploading: @Sendable (UploadProgress) async -> Void
    /// A session can no longer be followed, as after a reconnect the service refused to go on with it.
    public var detached: @Sendable (_ sessionId: String, _ reason: String) async -> Void

    public init(
        progress: @escaping @Sendable (AgentProgress.Params) async -> Void = { _ in },
        approve: (@Sendable (AgentApproveAsk.Params) async throws -> AgentApproveAsk.Result)? = nil,
        connectionChanged: @escaping @Sendable (ServiceConnectionState) async -> Void = { _ in },
        uploading: @escaping @Sendable (UploadProgress) async -> Void = { _ in },
        detached: @escaping @Sendable (_ sessionId: String, _ reason: String) async -> Void = { _, _ in }
    ) {
        self.progress = progress
        self.approve = approve
        self.connectionChanged = connectionChanged
        self.uploading = uploading
        self.detached = detached
    }
}

/// How it stands with the connection.
public enum ServiceConnectionState: Sendable, Equatable {
    case connected
    /// It broke; attached sessions are followed again, from where they were, as soon as it is back.
    case reconnecting(reason: String)
    /// It is given up until the next call.
    case lost(reason: String)
}
