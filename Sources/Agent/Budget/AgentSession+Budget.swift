import AgentProtocol
import Models
import Store

extension AgentSession {
    /// Looks at every budget before the model is asked, and warns of those that come to their end.
    /// - Returns: why it may not be asked; nil when it may.
    func budgetReason(_ loop: LoopGuard) async throws -> String? {
        let limits = configuration.budgets.scopes
        // Going through a long conversation takes time: only where a budget needs it.
        let next =
            limits.contains { $0.key != .turn && $0.value.tokens != nil }
            ? TokenEstimate.tokens(
                system: ready?.systemPrompt ?? "", messages: messages, tools: ready?.tools.definitions ?? []) : 0
        var readings = loop.readings(now: .now)
        if let limit = limits[.session] {
            readings += BudgetMeter.readings(
                .session, Spending(tokens: usage.total, costMicros: spentMicros ?? 0), limit, nextTokens: next)
        }
        for scope in [BudgetScope.userDay, .userMonth, .organisationDay, .organisationMonth] {
            guard let limit = limits[scope], let ledger = configuration.ledger else { continue }
            let isUsers = scope == .userDay || scope == .userMonth
            let spent = try await ledger.spent(user: isUsers ? configuration.user : nil, in: scope)
            readings += BudgetMeter.readings(scope, spent, limit, nextTokens: next)
        }
        for reading in readings where reading.isClose && !reading.isSpent {
            let name = "\(reading.scope.rawValue) \(reading.kind.rawValue) \(warningPeriod(reading.scope))"
            guard warned.insert(name).inserted else { continue }
            let event = BudgetWarned(
                scope: reading.scope, kind: reading.kind, used: reading.used, limit: reading.limit)
            try await log.append(.budgetWarned(event), keeping: try sessionChanges())
        }
        return readings.first(where: \.isSpent)?.reason
    }

    /// What makes a warning a new one: another turn, another day.
    private func warningPeriod(_ scope: BudgetScope) -> Int {
        let day = currentMilliseconds() / 86_400_000
        return switch scope {
        case .turn: turnNumber
        // A session that lives on into the next month says it once all the same.
        case .session, .userMonth, .organisationMonth: 0
        case .userDay, .organisationDay: day
        }
    }
}
