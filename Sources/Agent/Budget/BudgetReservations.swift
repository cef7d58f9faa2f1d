import Synchronization

/// What answers under way in all sessions of a service will take, as far as that can be known: without it, sessions side
/// by side would each spend the same rest of a budget.
public final class BudgetReservations: Sendable {
    private struct State {
        var amounts: [Int: (user: String, amount: Spending)] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    public init() {}

    func hold(_ amount: Spending, for user: String) -> Int {
        state.withLock { state in
            state.next += 1
            state.amounts[state.next] = (user, amount)
            return state.next
        }
    }

    func change(_ id: Int, to amount: Spending) { state.withLock { $0.amounts[id]?.amount = amount } }

    func release(_ id: Int) { state.withLock { $0.amounts[id] = nil } }

    /// - Parameters:
    ///   - user: nil: everybody.
    ///   - id: the one that asks.
    func held(by user: String?, except id: Int?) -> Spending {
        state.withLock { state in
            state.amounts.reduce(Spending()) { sum, entry in
                guard entry.key != id, user == nil || entry.value.user == user else { return sum }
                return sum + entry.value.amount
            }
        }
    }
}
