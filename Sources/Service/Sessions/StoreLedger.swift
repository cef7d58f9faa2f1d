import Agent
import AgentProtocol
import Store

/// The store's sums as the book that budgets go by.
struct StoreLedger: UsageLedger {
    let store: Store

    func spent(user: String?, in scope: BudgetScope) async throws -> Spending {
        let isDay = scope == .userDay || scope == .organisationDay
        let period: Store.UsagePeriod = isDay ? .today : .thisMonth
        let row = try store.spent(user: user, since: period)
        let work = try store.worked(user: user, since: period)
        return Spending(
            tokens: row.tokens.total, costMicros: row.costMicros, steps: work.steps, milliseconds: work.milliseconds)
    }
}
