import AgentProtocol
import Models
import Store
import Synchronization

/// What one session spends, on whatever it asks models for: turn, session, user and organisation.
///
/// A request is let in while there is room for its estimate beside all that is under way; while the answer comes it is
/// cut where the room ends; then the provider's count stands in the estimate's place. An attempt that breaks off after it
/// has begun to answer counts as estimated, because vendors bill it.
final class SessionBudget: Sendable {
    /// Puts an event into the session's log, with what is kept of the session.
    typealias Record = @Sendable (AgentEvent) async -> Void

    /// What a session spent, its running turn included but for the turn's time.
    struct Spent: Sendable {
        var usage = TokenUsage()
        /// Nil before the first answer of a model with prices.
        var costMicros: Int?
        var steps = 0
        /// Of turns that are over.
        var milliseconds = 0
    }

    private struct State {
        var session = Spent()
        var turn: TurnMeter?
        /// Budgets whose end was announced.
        var warned: Set<String> = []
        var calls: [Int: BudgetCall] = [:]
        var next = 0
        /// Of the loop's conversation, by model.
        var calibrations: [String: BudgetCall.Calibration] = [:]
        var record: Record?
    }

    private let state = Mutex(State())
    private let limits: [BudgetScope: BudgetLimits.Limit]
    private let ledger: (any UsageLedger)?
    private let reservations: BudgetReservations
    private let user: String

    /// Tokens of output after which it is looked at what other sessions have spent meanwhile.
    private static let tokensBetweenLooks = 1024

    init(
        _ limits: BudgetLimits, ledger: (any UsageLedger)? = nil,
        reservations: BudgetReservations = BudgetReservations(), user: String = ""
    ) {
        self.limits = limits.scopes
        self.ledger = ledger
        self.reservations = reservations
        self.user = user
    }

    // MARK: The session

    func attach(_ record: @escaping Record) { state.withLock { $0.record = record } }

    var session: Spent { state.withLock { $0.session } }

    var warned: Set<String> { state.withLock { $0.warned } }

    /// Goes on where a former service was.
    func restore(_ session: Spent, warned: Set<String>) {
        state.withLock {
            $0.session = session
            $0.warned = warned
        }
    }

    /// Records what concerns the session's budgets.
    func record(_ event: AgentEvent) async { await state.withLock { $0.record }?(event) }

    // MARK: Turns

    func begin(_ turn: TurnMeter) { state.withLock { $0.turn = turn } }

    /// The turn that runs.
    var turn: TurnMeter? { state.withLock { $0.turn } }

    /// - Returns: the turn that is over.
    func endTurn(now: ContinuousClock.Instant = .now) -> TurnMeter? {
        state.withLock { state in
            defer { state.turn = nil }
            state.session.milliseconds += state.turn?.clock.worked(now: now).milliseconds ?? 0
            return state.turn
        }
    }

    /// Work that the day's sums do not hold yet, which the caller puts there.
    func charge(now: ContinuousClock.Instant = .now) -> Store.Work? {
        state.withLock { $0.turn?.charge(now: now) }
    }

    /// The clock stands still until as many questions are answered.
    func asks(now: ContinuousClock.Instant = .now) { state.withLock { $0.turn?.clock.asks(now: now) } }

    func answered(now: ContinuousClock.Instant = .now) { state.withLock { $0.turn?.clock.answered(now: now) } }

    // MARK: Requests

    /// Lets a request in.
    /// - Parameters:
    ///   - estimate: its tokens.
    ///   - model: who is asked first.
    ///   - isLoop: whether the session's own loop asks.
    /// - Returns: its number, for ``heard(_:in:of:)`` and ``close(_:)``.
    /// - Throws: `BudgetSpent`, and what the ledger throws.
    func open(_ estimate: Int, _ model: NamedModel?, isLoop: Bool) async throws -> Int {
        let id = state.withLock { state in
            let calibration = isLoop ? model.flatMap { state.calibrations[$0.name] } : nil
            var call = BudgetCall(estimate: estimate, isLoop: isLoop, model, calibration)
            // Before it is looked at what there is: of two sessions that ask at once, each sees the other.
            call.reservation = reservations.hold(call.amount, for: user)
            state.next += 1
            state.calls[state.next] = call
            return state.next
        }
        do { try await check(id) } catch {
            release(id)
            throw error
        }
        return id
    }

    /// Counts what came of a request.
    /// - Throws: `BudgetSpent` where the answer is to be cut, and what the ledger throws.
    func heard(_ event: ModelEvent, in id: Int, of catalog: ModelCatalog) async throws {
        switch event {
        case .textDelta(let text), .reasoningDelta(let text):
            if said(text.utf8.count, in: id) { try await check(id, isUnderWay: true) }
        case .toolCall(let call):
            // It is whole: cutting the answer now would save nothing.
            _ = said(call.name.utf8.count + (call.malformed ?? call.arguments.text).utf8.count, in: id)
        case .retrying:
            await void(id)
            try await check(id)
        case .switched(let change):
            await void(id)
            ask(catalog.model(change.to)?.model, in: id)
            try await check(id)
        case .completed(let response):
            complete(id, response, response.answeredBy.flatMap { catalog.model($0)?.model })
        }
    }

    /// The request is over, however it ended.
    func close(_ id: Int) async {
        await void(id)
        release(id)
    }

    private func release(_ id: Int) {
        let call = state.withLock { $0.calls.removeValue(forKey: id) }
        if let reservation = call?.reservation { reservations.release(reservation) }
    }

    private func ask(_ model: NamedModel?, in id: Int) {
        state.withLock { state in
            guard var call = state.calls[id] else { return }
            call.ask(model, call.isLoop ? model.flatMap { state.calibrations[$0.name] } : nil)
            state.calls[id] = call
            if let reservation = call.reservation { reservations.change(reservation, to: call.amount) }
        }
    }

    /// - Returns: whether it is time to look at what there is.
    private func said(_ bytes: Int, in id: Int) -> Bool {
        state.withLock { state in
            guard var call = state.calls[id] else { return false }
            call.outputBytes += bytes
            defer { state.calls[id] = call }
            if let reservation = call.reservation { reservations.change(reservation, to: call.amount) }
            let tokens = call.amount.tokens
            guard call.isPastItsRoom || tokens - call.lookedAt >= Self.tokensBetweenLooks else { return false }
            call.lookedAt = tokens
            return true
        }
    }

    /// An attempt is over without an answer.
    private func void(_ id: Int) async {
        let event = state.withLock { state -> UsageUpdated? in
            guard var call = state.calls[id], call.outputBytes > 0 else { return nil }
            let cost = call.prices == nil ? nil : call.amount.costMicros
            let step = TokenUsage(call.usage)
            let model = call.model
            Self.count(step, cost, isStep: false, &state)
            call.outputBytes = 0
            call.lookedAt = 0
            state.calls[id] = call
            if let reservation = call.reservation { reservations.change(reservation, to: call.amount) }
            return UsageUpdated(
                step: step, session: state.session.usage, model: model, costMicros: cost,
                sessionCostMicros: state.session.costMicros, estimated: true)
        }
        if let event { await record(.usageUpdated(event)) }
    }

    private func complete(_ id: Int, _ response: ModelResponse, _ model: NamedModel?) {
        state.withLock { state in
            guard var call = state.calls[id] else { return }
            let prices = model?.prices ?? call.prices
            Self.count(TokenUsage(response.usage), prices?.cost(of: response.usage), isStep: call.isLoop, &state)
            if call.isLoop, let name = model?.name ?? call.model {
                state.calibrations[name] = BudgetCall.Calibration(response, estimate: call.estimate, prices: prices)
            }
            // Nothing of it is an estimate any more.
            call.outputBytes = 0
            call.input = Spending()
            state.calls[id] = call
            if let reservation = call.reservation { reservations.change(reservation, to: Spending()) }
        }
    }

    private static func count(_ step: TokenUsage, _ cost: Int?, isStep: Bool, _ state: inout State) {
        let spent = Spending(tokens: step.total, costMicros: cost ?? 0, steps: isStep ? 1 : 0)
        state.session.usage += step
        state.session.steps += spent.steps
        if let cost {
            state.session.costMicros =
                (Spending(costMicros: state.session.costMicros ?? 0)
                + Spending(costMicros: cost)).costMicros
        }
        if let turn = state.turn { state.turn?.spent = turn.spent + spent }
    }

    // MARK: Limits

    /// Why nothing may be asked any more, whatever it takes; nil when something may.
    func reasonToStop() async throws -> String? {
        do {
            try await check(nil)
            return nil
        } catch let spent as BudgetSpent {
            return spent.reason
        }
    }

    /// Looks at every budget, warns of those that come to their end, and finds what room there is for a request.
    /// - Throws: `BudgetSpent` when there is none.
    private func check(_ id: Int?, isUnderWay: Bool = false, now: ContinuousClock.Instant = .now) async throws {
        let shared = try await sums(except: id)
        let (warnings, spent) = state.withLock { state -> ([BudgetWarned], BudgetSpent?) in
            let call = id.flatMap { state.calls[$0] }
            let readings = readings(state, shared, for: id, call, now: now)
            if let id, var call {
                func least(_ kind: BudgetKind) -> Int? {
                    readings.filter { $0.kind == kind && !Self.isLenient($0, call, state) }.map(\.left).min()
                }
                call.room = BudgetCall.Room(tokens: least(.tokens), costMicros: least(.cost))
                call.lookedAt = call.amount.tokens
                state.calls[id] = call
            }
            let warnings = Self.warnings(readings, &state)
            return (warnings, readings.first(where: \.isSpent)?.spent(isUnderWay: isUnderWay))
        }
        for warning in warnings { await record(.budgetWarned(warning)) }
        if let spent { throw spent }
    }

    private static func warnings(_ readings: [BudgetMeter.Reading], _ state: inout State) -> [BudgetWarned] {
        var warnings: [BudgetWarned] = []
        for reading in readings where reading.isClose && reading.used < reading.limit {
            let name = "\(reading.scope.rawValue) \(reading.kind.rawValue) \(period(reading.scope, state.turn))"
            guard state.warned.insert(name).inserted else { continue }
            warnings.append(
                BudgetWarned(scope: reading.scope, kind: reading.kind, used: reading.used, limit: reading.limit))
        }
        return warnings
    }

    /// What makes a warning a new one: another turn, another day.
    private static func period(_ scope: BudgetScope, _ turn: TurnMeter?) -> Int {
        switch scope {
        case .turn: turn?.number ?? 0
        // A session that lives on into the next month says it once all the same.
        case .session, .userMonth, .organisationMonth: 0
        case .userDay, .organisationDay: currentMilliseconds() / 86_400_000
        }
    }

    private typealias Sum = (spent: Spending, held: Spending)

    private func sums(except id: Int?) async throws -> [BudgetScope: Sum] {
        guard let ledger else { return [:] }
        let reservation = id.flatMap { id in state.withLock { $0.calls[id]?.reservation } }
        var sums: [BudgetScope: Sum] = [:]
        for scope in [BudgetScope.userDay, .userMonth, .organisationDay, .organisationMonth]
        where limits[scope] != nil {
            let who = scope == .userDay || scope == .userMonth ? user : nil
            // Held first: what becomes spent meanwhile counts twice rather than not at all.
            let held = reservations.held(by: who, except: reservation)
            sums[scope] = (try await ledger.spent(user: who, in: scope), held)
        }
        return sums
    }

    /// A turn is not ended before it has said anything: its first answer may pass what is its own.
    private static func isLenient(_ reading: BudgetMeter.Reading, _ call: BudgetCall, _ state: State) -> Bool {
        reading.scope == .turn && call.isLoop && state.turn?.spent.steps == 0
    }

    private func readings(
        _ state: State, _ shared: [BudgetScope: Sum], for id: Int?, _ call: BudgetCall?, now: ContinuousClock.Instant
    ) -> [BudgetMeter.Reading] {
        let others = state.calls.reduce(Spending()) { $1.key == id || id == nil ? $0 : $0 + $1.value.amount }
        let next = call?.amount ?? Spending()
        var readings: [BudgetMeter.Reading] = []
        if let turn = state.turn {
            let isFirst = call?.isLoop == true && turn.spent.steps == 0
            readings += BudgetMeter.readings(
                .turn, turn.spent(now: now), turn.limit, held: isFirst ? Spending() : others,
                next: isFirst ? Spending() : next)
            // Others take no step of it.
            if let call, !call.isLoop { readings.removeAll { $0.kind == .steps } }
        }
        if let limit = limits[.session] {
            readings += BudgetMeter.readings(
                .session, Self.spent(state, now: now), limit, held: others, next: next)
        }
        let uncharged = state.turn?.uncharged(now: now) ?? Store.Work()
        for scope in BudgetScope.allCases {
            guard let limit = limits[scope], let sum = shared[scope] else { continue }
            let spent = sum.spent + Spending(steps: uncharged.steps, milliseconds: uncharged.milliseconds)
            // What is asked when nothing is to be asked: only what is spent counts.
            readings += BudgetMeter.readings(
                scope, spent, limit, held: id == nil ? Spending() : sum.held, next: next)
        }
        return readings
    }

    private static func spent(_ state: State, now: ContinuousClock.Instant) -> Spending {
        let turn = state.turn?.clock.worked(now: now).milliseconds ?? 0
        return Spending(
            tokens: state.session.usage.total, costMicros: state.session.costMicros ?? 0, steps: state.session.steps,
            milliseconds: state.session.milliseconds + turn)
    }

    // MARK: Time

    /// How long the turn may go on.
    /// - Returns: the time, nil without a turn; and why it is over.
    func timeLeft(now: ContinuousClock.Instant = .now) async throws -> (left: Duration, reason: String?)? {
        let shared = try await sums(except: nil)
        return state.withLock { state in
            guard let turn = state.turn else { return nil }
            let uncharged = turn.uncharged(now: now).milliseconds
            var left = Duration.seconds(Int64(Int32.max))
            var reason: String?
            var spent = shared.mapValues { $0.spent.milliseconds + uncharged }
            spent[.turn] = turn.spent(now: now).milliseconds
            spent[.session] = Self.spent(state, now: now).milliseconds
            for scope in BudgetScope.allCases {
                guard let used = spent[scope], let limit = scope == .turn ? turn.limit.seconds : limits[scope]?.seconds
                else { continue }
                let rest = Duration.seconds(limit) - .milliseconds(used)
                guard rest < left else { continue }
                left = rest
                if rest <= .zero {
                    reason = BudgetMeter.Reading(scope: scope, kind: .seconds, used: limit, limit: limit).spent().reason
                }
            }
            return (max(left, .zero), reason)
        }
    }
}
