import AgentProtocol
import Models
import Store

extension AgentSession {
    /// Looks at every budget before the model is asked, and warns of those that come to their end.
    /// - Returns: why it may not be asked; nil when it may.
    func budgetReason(_ loop: LoopGuard) async throws -> String? {
        let next = estimatedTokens()
        let limits = configuration.budgets.scopes
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
            try await emit(
                .budgetWarned(
                    BudgetWarned(
                        scope: reading.scope, kind: reading.kind, used: reading.used, limit: reading.limit)))
        }
        return readings.first(where: \.isSpent)?.reason
    }

    /// What makes a warning a new one: another turn, another day.
    private func warningPeriod(_ scope: BudgetScope) -> Int {
        let day = currentMilliseconds() / 86_400_000
        return switch scope {
        case .turn: turnNumber
        case .session: 0
        case .userDay, .organisationDay: day
        // Told anew in a service that lives on through the month's end, and after some days.
        case .userMonth, .organisationMonth: day / 7
        }
    }

    /// Tokens of the next request, before the provider counts them: four bytes each, which is right for English and code
    /// within a third, and too much for other scripts.
    private func estimatedTokens() -> Int {
        let bytes = messages.reduce(ready?.systemPrompt.utf8.count ?? 0) { sum, message in
            message.content.reduce(sum) { $0 + $1.estimatedBytes }
        }
        return bytes / 4
    }
}

extension ContentBlock {
    fileprivate var estimatedBytes: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .reasoning(let reasoning): reasoning.text.utf8.count
        case .toolResult(let result): result.text.utf8.count
        case .toolCall(let call): call.name.utf8.count + 100
        // Vendors count a picture as one to two thousand tokens, whatever its bytes.
        case .image: 6000
        }
    }
}
