import AgentProtocol
import Git
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
    let resumption: Resumption
    /// All that the session asks of models.
    nonisolated public let models: SessionModels

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
        var background: BackgroundCommands
        var frozen: KeptFrozen
    }

    var ready: Ready?
    /// The way out of its sandboxes; nil when it has none.
    var network: (any SessionNetwork)?
    public private(set) var state: SessionState
    private(set) var outcome: TurnOutcome?
    var messages: [ModelMessage] = []
    /// As they are kept; see ``messageChanges()``.
    var keptMessages: [ModelMessage] = []
    /// Actions that the user allowed for the whole session.
    var granted: Set<String> = []
    /// Calls that wait for the user.
    var asking = 0
    /// Results of the answer whose calls run, by position.
    var callResults: [Int: ToolResult] = [:]
    /// What is kept of those calls, by position.
    var keptCalls: [Int: KeptCall] = [:]
    /// The model that the user chose since the session began.
    var chosenModel: String?
    /// The turn that runs, as it is kept.
    var keptTurn: KeptTurn?
    /// Whether the baseline was taken.
    var hasBooted = false
    /// A former service was ending the session.
    var ending: KeptSession.Ending?
    /// Milliseconds since 1970.
    var startedAt = currentMilliseconds()
    /// The session ends because its time is over: so does the turn.
    var isOutOfTime = false
    /// Why the session is ending, for the turn that ends with it.
    private(set) var endReason: String?
    private var isOver = false
    private var endWaiters: [CheckedContinuation<Void, Never>] = []
    var steering: [QueuedPrompt] = []
    /// The user ended a turn of a replay: no further one begins by itself.
    private(set) var isReplayOver = false
    /// Prompts that no longer wait, until that is kept.
    var spentPrompts: [Int] = []
    /// Notes that the next message to the model carries (the baseline's report).
    var pendingNotes: [String] = []
    var queue: [QueuedPrompt] = []
    var steps = StepHistory()
    /// Paths of the base by their blobs' names, once someone asked for such a blob.
    var baseFiles: [ObjectID: String]?
    /// What the session begins with that is forked from another one, until it has begun.
    var fork: ForkPoint?
    private var bootTask: Task<Void, Never>?
    private var resumeTask: Task<Void, Never>?
    private(set) var turnTask: Task<Void, Never>?
    private(set) var watchTask: Task<Void, Never>?
    /// What is watched after a push; nil when nothing is.
    var watching: PublicationWatch?
    var publicationTask: Task<Void, Never>?
    /// Its wait between two looks at the forge.
    var publicationSleep: Task<Void, Never>?
    private var timeTask: Task<Void, Never>?
    var titleTask: Task<Void, Never>?
    /// Watches the time of the turn that runs.
    var turnClock: Task<Void, Never>?
    /// Why the turn's time is over, once it is.
    var cutReason: String?
    private var turns = 0
    private var items = 0
    private var prompts = 0

    /// - Parameters:
    ///   - kept: what the session had kept when the service before this one ended; see ``resume()``.
    ///   - state: the state that it was in then.
    public init(
        configuration: AgentSessionConfiguration, log: EventLog, observer: AgentSessionObserver,
        kept: [String: [UInt8]] = [:], state: SessionState = .starting
    ) {
        self.configuration = configuration
        self.log = log
        self.observer = observer
        self.state = state
        resumption = Resumption(kept)
        let budget = SessionBudget(
            configuration.budgets, ledger: configuration.ledger, reservations: configuration.reservations,
            user: configuration.user)
        models = SessionModels(
            configuration.models, choice: configuration.start.model, budget: budget,
            recorder: Self.recorder(configuration), player: configuration.replay)
        approvals = ApprovalBroker(log: log, observer: observer, resumption: resumption)
    }

    // MARK: Verbs

    /// Boots the sandbox and begins the first turn; returns at once.
    public func start() async throws {
        keepBudget()
        var prompt = newPrompt(SystemPrompt.user(configuration.start.prompt, configuration.start.context))
        prompt.images = configuration.start.images
        try await log.append(
            .sessionStatus(SessionStatusEvent(state: .starting)),
            keeping: [
                .value(KeptKey.start, KeptStart(configuration, startedAt: startedAt)),
                .value(KeptKey.prompt(prompt.number), prompt),
            ])
        queue.append(prompt)
        startClock()
        beginBoot()
    }

    func beginBoot() { bootTask = Task { await self.bootInTurn() } }

    /// Goes on with a session that a former service left; returns at once.
    public func resume() {
        guard resumeTask == nil else { return }
        keepBudget()
        // At once: prompts can come from now on.
        recall()
        resumeTask = Task {
            await self.takeUp()
            self.takenUp()
        }
    }

    /// Ends a session that cannot go on; from within ``takeUp()``.
    func endResuming(reason: String, state final: SessionState) async {
        resumeTask = nil  // `stop` waits for it
        await stop(reason: reason, state: final)
    }

    /// Waits until what a former service left is taken up.
    func settleResume() async { await resumeTask?.value }

    private func takenUp() {
        resumeTask = nil
        guard state.isLive else { return }
        startClock()
        if let keptTurn, let ready {
            turnTask = Task {
                await self.resumeTurn(keptTurn, ready)
                await self.turnEnded()
            }
            if keptTurn.cancelled { turnTask?.cancel() }
        } else {
            startNextTurn()
        }
        startWatching()
    }

    /// The session's time runs from its start, whichever service it is with.
    func startClock() {
        guard timeTask == nil, let seconds = configuration.resources.wallSeconds else { return }
        let left = max(0, startedAt + seconds * 1000 - currentMilliseconds())
        timeTask = Task { [weak self] in
            try? await Task.sleep(for: .milliseconds(left))
            guard !Task.isCancelled else { return }
            await self?.outOfTime(seconds)
        }
    }

    private func outOfTime(_ seconds: Int) async {
        guard state.isLive else { return }
        isOutOfTime = true
        timeTask = nil
        await stop(reason: "the session's time limit of \(seconds) s is reached")
    }

    /// - Returns: the sequence number of the event that records the prompt.
    public func prompt(_ params: AgentPrompt.Params) async throws -> Int {
        guard state.isLive else { throw AgentError.notLive("the session is over (\(state.rawValue))") }
        let text = SystemPrompt.user(params.text, params.context)
        let delivery = params.delivery ?? .queue
        if let model = params.model { _ = try configuration.models.name(of: model, for: loopRole) }
        let pictures = try PromptPictures(params.images)
        if !pictures.isEmpty {
            try configuration.models.checkReadsImages(
                params.model ?? chosenModel ?? configuration.start.model, for: loopRole)
        }
        var prompt = newPrompt(text, steers: delivery == .steer)
        prompt.images = params.images
        prompt.model = params.model
        prompt.keepsModel = params.keepModel
        if models.recorder != nil { prompt.given = params }
        let seq = try await log.append(
            .promptReceived(
                PromptReceived(text: params.text, delivery: delivery, images: pictures.summaries)),
            keeping: [.value(KeptKey.prompt(prompt.number), prompt)])
        guard state.isLive else { throw AgentError.notLive("the session is over (\(state.rawValue))") }
        if delivery == .steer, turnTask != nil || (resumeTask != nil && keptTurn != nil) {
            steering.append(prompt)
        } else {
            queue.append(prompt)
            startNextTurn()
        }
        return seq
    }

    func newPrompt(_ text: String, steers: Bool = false) -> QueuedPrompt {
        prompts += 1
        return QueuedPrompt(number: prompts, text: text, steers: steers)
    }

    /// Ends the running turn and what waits behind it. Returns at once; the end is an event.
    public func cancel() async {
        spentPrompts += (queue + steering).map(\.number)
        queue.removeAll()
        steering.removeAll()
        isReplayOver = true
        keptTurn?.cancelled = true
        if turnTask != nil { models.recorder?.cancelled() }
        turnTask?.cancel()
        await stopWatching("it was cancelled")
        if turnTask == nil, let bootTask { bootTask.cancel() }
        // A service that ends now must not bring back what was cancelled. What cannot be kept fails the turn itself.
        try? await log.keep(try turnChanges())
    }

    /// Ends the session: turn, sandbox, everything that runs in it.
    public func stop(reason: String, state final: SessionState = .stopped) async {
        guard state.isLive else { return }
        state = final  // from here on nothing starts
        endReason = reason
        queue.removeAll()
        bootTask?.cancel()
        turnTask?.cancel()
        timeTask?.cancel()
        titleTask?.cancel()
        publicationTask?.cancel()
        try? await log.keep(try sessionChanges(ending: KeptSession.Ending(reason: reason, state: final)))
        await bootTask?.value
        await resumeTask?.value
        await turnTask?.value
        await stopWatching("the session has ended")
        await steps.restoring?.value
        await settleStep()
        watchTask?.cancel()
        await ready?.background.endAll()
        await ready?.sandbox.stop()
        await network?.close()
        await models.end()
        if ending?.isTold != true {
            let told = KeptSession.Ending(reason: reason, state: final, isTold: true)
            _ = try? await log.append(
                .sessionStatus(SessionStatusEvent(state: final, reason: reason)),
                keeping: (try? sessionChanges(ending: told)) ?? [])
        }
        await observer.stateChanged(final, outcome)
        isOver = true
        for waiter in endWaiters { waiter.resume() }
        endWaiters = []
    }

    /// Waits until a session that is being stopped is over, its sandbox gone.
    public func ended() async {
        if isOver { return }
        await withCheckedContinuation { endWaiters.append($0) }
    }

    /// A client's answer to an approval; nil when there never was such an approval.
    public func approve(_ params: AgentApprove.Params, client: String) async -> AgentApprove.Result? {
        await approvals.answer(params, client: client)
    }

    public var pendingApprovals: [ApprovalRequest] {
        get async { await approvals.requests }
    }

    /// Whether a turn runs or is about to.
    public var isBusy: Bool {
        turnTask != nil || bootTask != nil || resumeTask != nil || steps.isRestoring || !queue.isEmpty
    }

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

    /// The running number of the turn.
    var turnNumber: Int { turns }
    /// Items begun so far.
    var itemCount: Int { items }

    /// Goes on counting where a former service was.
    func restore(_ kept: KeptSession, prompts: Int) {
        turns = kept.turns
        items = max(items, kept.items)
        outcome = kept.outcome
        self.prompts = max(self.prompts, prompts)
    }

    func countItems(atLeast count: Int) { items = max(items, count) }

    func setState(_ new: SessionState, reason: String? = nil) async {
        guard state.isLive, state != new else { return }
        state = new
        _ = try? await emit(.sessionStatus(SessionStatusEvent(state: new, reason: reason)))
        await tellObserver()
    }

    func setOutcome(_ new: TurnOutcome?) { outcome = new }

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
        watch(result)
        startNextTurn()
    }

    /// Ends the session when its sandbox is lost.
    func watch(_ result: Ready) {
        watchTask = Task { [weak self] in
            if case .lost(let reason) = await result.sandbox.termination {
                await self?.stop(reason: "the sandbox was lost: \(reason)", state: .failed)
            }
        }
    }

    func startNextTurn() {
        guard ready != nil, hasBooted, resumeTask == nil, turnTask == nil, !steps.isRestoring, state.isLive,
            !queue.isEmpty
        else { return }
        let prompt = queue.removeFirst()
        turnTask = Task {
            await self.runTurn(prompt)
            await self.turnEnded()
        }
    }

    /// Ends the turn that runs, and nothing else.
    func cutTurn() { turnTask?.cancel() }

    private func turnEnded() async {
        turnTask = nil
        // What came too late to steer is the next prompt.
        queue.insert(contentsOf: steering, at: 0)
        steering.removeAll()
        if queue.isEmpty { await setState(.idle) } else { startNextTurn() }
        turnEndedForWatch()
        await goOnWithReplay()
    }
}
