import AgentProtocol
import Models
import Policy
import ProjectConfiguration
import Sandbox
import Store
import Workspace

/// One session: a conversation with a model whose tools act in a sandbox, held to the checks.
///
/// The actor owns all state of the session. One turn runs at a time; prompts that arrive meanwhile are queued or
/// steer it. Everything that happens is an event in the log before anyone is told.
public actor AgentSession {
    let configuration: AgentSessionConfiguration
    let log: EventLog
    let observer: AgentSessionObserver
    let approvals: ApprovalBroker

    /// What is there once the sandbox is up.
    struct Ready {
        var sandbox: any Sandbox
        var snapshot: WorkspaceSnapshot
        var changes: ChangeTracker
        var checks: CheckRunner
        var policy: EffectivePolicy
        var tools: ToolBox
        var context: ToolContext
        var systemPrompt: String
    }

    var ready: Ready?
    private(set) var state: SessionState = .starting
    private(set) var outcome: TurnOutcome?
    var messages: [ModelMessage] = []
    var usage = TokenUsage()
    /// Actions that the user allowed for the whole session.
    var granted: Set<String> = []
    /// Calls that wait for the user.
    var asking = 0
    /// Results of the answer whose calls run, by position.
    var callResults: [Int: ToolResult] = [:]
    /// Why the session is ending, for the turn that ends with it.
    private(set) var endReason: String?
    var steering: [String] = []
    /// Notes that the next message to the model carries (the baseline's report).
    var pendingNotes: [String] = []
    private var queue: [String] = []
    private var bootTask: Task<Void, Never>?
    private var turnTask: Task<Void, Never>?
    private var watchTask: Task<Void, Never>?
    private var turns = 0
    private var items = 0

    public init(configuration: AgentSessionConfiguration, log: EventLog, observer: AgentSessionObserver) {
        self.configuration = configuration
        self.log = log
        self.observer = observer
        approvals = ApprovalBroker(log: log, observer: observer)
    }

    // MARK: Verbs

    /// Boots the sandbox and begins the first turn; returns at once.
    public func start() async throws {
        try await emit(.sessionStatus(SessionStatusEvent(state: .starting)))
        queue.append(SystemPrompt.user(configuration.start.prompt, configuration.start.context))
        bootTask = Task { await self.boot() }
    }

    /// - Returns: the sequence number of the event that records the prompt.
    public func prompt(_ params: AgentPrompt.Params) async throws -> Int {
        guard state.isLive else { throw AgentError.notLive("the session is over (\(state.rawValue))") }
        let text = SystemPrompt.user(params.text, params.context)
        let delivery = params.delivery ?? .queue
        let seq = try await log.append(.promptReceived(PromptReceived(text: params.text, delivery: delivery)))
        guard state.isLive else { throw AgentError.notLive("the session is over (\(state.rawValue))") }
        if delivery == .steer, turnTask != nil {
            steering.append(text)
        } else {
            queue.append(text)
            startNextTurn()
        }
        return seq
    }

    /// Ends the running turn and what waits behind it. Returns at once; the end is an event.
    public func cancel() {
        queue.removeAll()
        steering.removeAll()
        turnTask?.cancel()
        if turnTask == nil, let bootTask { bootTask.cancel() }
    }

    /// Ends the session: turn, sandbox, everything that runs in it.
    public func stop(reason: String, state final: SessionState = .stopped) async {
        guard state.isLive else { return }
        state = final  // from here on nothing starts
        endReason = reason
        queue.removeAll()
        bootTask?.cancel()
        turnTask?.cancel()
        await bootTask?.value
        await turnTask?.value
        watchTask?.cancel()
        await ready?.sandbox.stop()
        _ = try? await emit(.sessionStatus(SessionStatusEvent(state: final, reason: reason)))
        await observer.stateChanged(final, outcome)
    }

    /// A client's answer to an approval; nil when there never was such an approval.
    public func approve(_ params: AgentApprove.Params, client: String) async -> AgentApprove.Result? {
        await approvals.answer(params, client: client)
    }

    public var pendingApprovals: [ApprovalRequest] {
        get async { await approvals.requests }
    }

    /// Whether a turn runs or is about to.
    public var isBusy: Bool { turnTask != nil || bootTask != nil || !queue.isEmpty }

    // MARK: Shared by the extensions

    func emit(_ event: AgentEvent) async throws { try await log.append(event) }

    func newItem(_ prefix: String) -> String {
        items += 1
        return "\(prefix)-\(items)"
    }

    func newTurn() -> String {
        turns += 1
        return "turn-\(turns)"
    }

    func setState(_ new: SessionState, reason: String? = nil) async {
        guard state.isLive, state != new else { return }
        state = new
        _ = try? await emit(.sessionStatus(SessionStatusEvent(state: new, reason: reason)))
        await tellObserver()
    }

    func setOutcome(_ new: TurnOutcome) { outcome = new }

    /// Tells the state as it now is: it may have changed again while an event was written. The end is told by `stop`
    /// alone, after its last event.
    func tellObserver() async {
        guard state.isLive else { return }
        await observer.stateChanged(state, outcome)
    }

    /// The boot has ended. A session that was stopped meanwhile keeps `ready` only for `stop` to end the sandbox.
    func booted(_ result: Ready?) async {
        bootTask = nil
        ready = result
        guard let result, state.isLive else { return }
        watchTask = Task { [weak self] in
            if case .lost(let reason) = await result.sandbox.termination {
                await self?.stop(reason: "the sandbox was lost: \(reason)", state: .failed)
            }
        }
        startNextTurn()
    }

    private func startNextTurn() {
        guard ready != nil, turnTask == nil, state.isLive, !queue.isEmpty else { return }
        let prompt = queue.removeFirst()
        turnTask = Task {
            await self.runTurn(prompt)
            await self.turnEnded()
        }
    }

    private func turnEnded() async {
        turnTask = nil
        // What came too late to steer is the next prompt.
        queue.insert(contentsOf: steering, at: 0)
        steering.removeAll()
        if queue.isEmpty { await setState(.idle) } else { startNextTurn() }
    }
}
