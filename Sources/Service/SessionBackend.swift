import AgentProtocol
import Store

/// What the endpoint serves: the sessions. Errors that it throws are `JSONRPC.ResponseError` already.
public protocol SessionBackend: Sendable {
    /// Names that `agent/start` takes as `model`, the default first.
    var models: [String] { get }

    /// - Parameter user: the name of the client's token; empty for a token without one.
    func start(_ params: AgentStart.Params, user: String) async throws -> AgentStart.Result
    /// - Parameter user: as in `start`: objects are theirs alone.
    func negotiate(_ params: WorkspaceNegotiate.Params, user: String) async throws -> WorkspaceNegotiate.Result
    func upload(_ params: WorkspaceUpload.Params, user: String) async throws -> WorkspaceUpload.Result
    func prompt(_ params: AgentPrompt.Params) async throws -> AgentPrompt.Result
    func cancel(_ params: SessionReference) async throws
    func stop(_ params: SessionReference) async throws
    func list(_ params: AgentList.Params) async throws -> AgentList.Result
    func summary(_ sessionId: String) async throws -> SessionSummary
    func approve(_ params: AgentApprove.Params, client: String) async throws -> AgentApprove.Result
    /// - Parameter user: as in `start`; the fork is theirs.
    func fork(_ params: AgentFork.Params, user: String) async throws -> AgentFork.Result
    func restore(_ params: AgentRestore.Params) async throws -> AgentRestore.Result
    func usage(_ params: AgentUsage.Params) async throws -> AgentUsage.Result
    /// What is configured, and how it is with it.
    func modelList() async -> AgentModels.Result
    func steps(_ params: AgentSteps.Params) async throws -> AgentSteps.Result
    func objects(_ params: AgentObjects.Params) async throws -> AgentObjects.Result
    func pack(_ params: AgentPack.Params) async throws -> AgentPack.Result
    func recording(_ params: AgentRecording.Params) async throws -> AgentRecording.Result
    func diff(_ params: AgentDiff.Params) async throws -> AgentDiff.Result
    func merge(_ params: AgentMerge.Params) async throws -> AgentMerge.Result
    func publish(_ params: AgentPublish.Params, client: String) async throws -> AgentPublish.Result
    func applied(_ params: AgentApplied.Params, client: String) async throws
    func egress(_ params: AgentEgress.Params, client: String) async throws -> AgentEgress.Result

    /// Up to `limit` events after `afterSeq` (never empty); suspends until there is one. Throws `CancellationError` when
    /// cancelled.
    func events(_ sessionId: String, afterSeq: Int, limit: Int) async throws -> [LoggedEvent]

    /// Approvals that become pending or are resolved, for clients that can ask their user: an endless stream per caller.
    func approvalFeed() async -> AsyncStream<ApprovalFeedItem>

    /// Sessions that have, or will have, a sandbox.
    var liveSessions: Int { get async }

    func metrics() async -> [MetricSample]

    /// No new work; running turns are cancelled with a logged reason after `grace`; sandboxes are stopped.
    func drain(grace: Duration) async
}
