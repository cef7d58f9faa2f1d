import Models

/// The one door through which a session talks to models: who is asked, who takes over, who answered last.
///
/// The loop, the shortening of conversations, titles, reviews and programs in the sandbox all go through it, and what they
/// spend counts here.
public actor SessionModels {
    let catalog: ModelCatalog
    private let router: ModelRouter
    nonisolated let budget: SessionBudget
    private let requests = OpenRequests()
    /// Writes down what is asked and answered; nil: nobody does.
    nonisolated let recorder: TrafficRecorder?
    /// Answers in the place of every model; nil: models do.
    nonisolated let player: TrafficPlayer?
    /// What the session was started with; nil: the roles' lists decide.
    private let sessionChoice: String?
    /// What the user chose since, for the turn that runs.
    private var turnChoice: String?
    /// Who answered last, by role.
    private var answering: [ModelRole: String] = [:]
    /// Pictures of the session that endpoints refused.
    private let refusedPictures = RefusedPictures()
    /// The length of the conversation that was too long for a model, by its name.
    private var tooLong: [String: Int] = [:]

    init(
        _ catalog: ModelCatalog, choice: String? = nil, budget: SessionBudget = SessionBudget(BudgetLimits()),
        recorder: TrafficRecorder? = nil, player: TrafficPlayer? = nil
    ) {
        self.catalog = catalog
        self.budget = budget
        self.recorder = recorder
        self.player = player
        router = ModelRouter(health: catalog.health)
        sessionChoice = choice
    }

    /// Asks the model that plays a role, or the next one that can.
    ///
    /// - Parameter choice: a model or a role's list, in place of what the user chose; for requests that name one.
    /// - Returns: a stream as every provider's, with `switched` where another model goes on, and `answeredBy` in the
    ///   answer. It throws `ModelError.noModelAnswered` when several were asked and none could, and `BudgetSpent` where
    ///   there is nothing to spend on it, or no longer.
    public nonisolated func stream(
        _ request: ModelRequest, as role: ModelRole, choosing choice: String? = nil
    ) -> AsyncThrowingStream<ModelEvent, any Error> {
        let isLoop = choice == nil && (role == .plan || role == .edit)
        return AsyncThrowingStream { continuation in
            let task = requests.begin(isLoop: isLoop) {
                do {
                    try await self.answer(request, role, choice, isLoop: isLoop) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func answer(
        _ request: ModelRequest, _ role: ModelRole, _ choice: String?, isLoop: Bool,
        _ emit: @Sendable (ModelEvent) -> Void
    ) async throws {
        let estimate = TokenEstimate.tokens(system: request.system, messages: request.messages, tools: request.tools)
        let call = try await budget.open(estimate, candidates(role, choice).first?.model, isLoop: isLoop)
        do {
            for try await event in route(request, role, choice) {
                try await budget.heard(event, in: call, of: catalog)
                if choice == nil { note(event, role) }
                emit(event)
            }
            try Task.checkCancellation()
        } catch {
            await budget.close(call)
            throw error
        }
        await budget.close(call)
    }

    /// Ends the requests of the session's own loop, and waits until what they took is on record.
    func endLoop() async { await requests.end(loopOnly: true) }

    /// The same for all of them.
    func end() async { await requests.end(loopOnly: false) }

    /// What users and programs can name.
    public nonisolated var names: [String] { catalog.names }

    /// What is known of the model that would be asked first; nil when nobody plays the role.
    public func model(for role: ModelRole) -> NamedModel? { candidates(role, nil).first?.model }

    /// What is known of a model that answered.
    public func model(named name: String) -> NamedModel? { catalog.model(name)?.model }

    /// Whether some model that plays the role looks at pictures.
    public func readsImages(_ role: ModelRole) -> Bool { candidates(role, nil).contains(where: \.model.readsImages) }

    // MARK: Choices

    /// Another model for the rest of the turn that runs.
    func chooseForTurn(_ choice: String) { turnChoice = choice }

    /// Begins a turn.
    /// - Parameter choice: for this turn alone.
    /// - Returns: the name of the model that is to be asked first.
    /// - Throws: `AgentError.noModel`
    func beginTurn(_ role: ModelRole, choice: String?) throws -> String {
        turnChoice = choice
        let name = try catalog.name(of: choice ?? sessionChoice, for: role)
        answering[role] = name
        return name
    }

    /// Goes on with a turn that a former service began.
    /// - Parameter answering: who answered last.
    func resumeTurn(_ role: ModelRole, choice: String?, answering name: String?) {
        turnChoice = choice
        answering[role] = name
    }

    // MARK: Routing

    private func candidates(_ role: ModelRole, _ choice: String?) -> [RoutedModel] {
        catalog.candidates(for: role, choice: choice ?? turnChoice ?? sessionChoice)
    }

    private func route(
        _ request: ModelRequest, _ role: ModelRole, _ choice: String?
    ) -> AsyncThrowingStream<ModelEvent, any Error> {
        if let player { return player.stream(request, as: role, isProgram: choice != nil, choice: choice) }
        var candidates = candidates(role, choice)
        // Only to pass by a model that could not read as much; alone it is asked all the same.
        let length =
            candidates.count > 1
            ? TokenEstimate.tokens(system: request.system, messages: request.messages, tools: request.tools) : 0
        let fitting = candidates.filter { tooLong[$0.name].map { length < $0 } ?? true }
        if !fitting.isEmpty { candidates = fitting }
        let events = router.stream(
            request, candidates, previous: choice == nil ? answering[role] : nil, refused: refusedPictures
        ) {
            [weak self] model, error in
            if case .contextOverflow = error { await self?.overflowed(model.name, length) }
        }
        return recorder?.recording(events, to: request, as: role, isProgram: choice != nil, choice: choice) ?? events
    }

    private func overflowed(_ name: String, _ length: Int) { tooLong[name] = min(length, tooLong[name] ?? .max) }

    private func note(_ event: ModelEvent, _ role: ModelRole) {
        switch event {
        case .switched(let change): answering[role] = change.to
        case .completed(let response): answering[role] = response.answeredBy
        default: break
        }
    }
}
