import AgentProtocol
import Models
import Store

extension AgentSession {
    /// How often the sums of the day learn how long a turn has worked.
    private static let timeBetweenCharges = Duration.seconds(60)
    /// While a person is asked: how soon the clock is looked at again, which stands still.
    private static let timeBetweenLooks = Duration.seconds(1)

    /// What is spent comes into the log, with what is kept of the session.
    func keepBudget() {
        models.budget.attach { [weak self] event in await self?.spent(event) }
    }

    private func spent(_ event: AgentEvent) async {
        let work = chargeWork()
        // A log that cannot be written ends the session by itself.
        _ = try? await log.append(event, keeping: (try? sessionChanges() + turnChanges()) ?? [], working: work)
    }

    /// What the running turn may take.
    var turnLimit: BudgetLimits.Limit {
        BudgetLimits.Limit(
            turn: configuration.budgets.scopes[.turn], client: configuration.start.budgets, limits: configuration.limits
        )
    }

    /// Time and steps that the day's sums do not hold yet; they go into the store together with ``turnChanges()``.
    func chargeWork() -> Store.Work? {
        guard let work = models.budget.charge() else { return nil }
        if var kept = keptTurn?.loop {
            models.budget.turn?.keep(in: &kept, now: .now)
            keptTurn?.loop = kept
        }
        return work
    }

    /// Ends the turn when its time is over, or that of the session, the user or the organisation.
    func startTurnClock() {
        cutReason = nil
        turnClock?.cancel()
        turnClock = Task { [weak self] in
            while !Task.isCancelled, let pause = await self?.lookAtTime() {
                try? await Task.sleep(for: pause)
            }
        }
    }

    func stopTurnClock() {
        turnClock?.cancel()
        turnClock = nil
    }

    /// - Returns: when to look again; nil when it is over.
    private func lookAtTime() async -> Duration? {
        guard turnClock != nil, keptTurn != nil else { return nil }
        do {
            let work = chargeWork()
            try await log.keep(try turnChanges(), working: work)
            guard let time = try await models.budget.timeLeft() else { return nil }
            if let reason = time.reason {
                // The turn may have ended meanwhile.
                guard turnClock != nil, !Task.isCancelled else { return nil }
                cutReason = reason
                cutTurn()
                return nil
            }
            let pause = min(time.left, Self.timeBetweenCharges)
            let stands = models.budget.turn?.clock.isStanding == true
            return max(pause, stands ? Self.timeBetweenLooks : .milliseconds(10))
        } catch {
            return Self.timeBetweenCharges
        }
    }
}
