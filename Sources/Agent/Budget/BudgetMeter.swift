import AgentProtocol

/// Compares what was spent with what may be.
enum BudgetMeter {
    struct Reading: Sendable, Equatable {
        var scope: BudgetScope
        var kind: BudgetKind
        var used: Int
        var limit: Int
        /// What the next answer will take at least.
        var next = 0

        /// Nothing may be asked any more.
        var isSpent: Bool { used >= limit || limit - used < next }
        var isClose: Bool { limit > 0 && Double(used) >= 0.8 * Double(limit) }
    }

    /// - Parameter next: tokens of the next request, estimated.
    static func readings(
        _ scope: BudgetScope, _ spent: Spending, _ limit: BudgetLimits.Limit, nextTokens next: Int
    ) -> [Reading] {
        var readings: [Reading] = []
        if let tokens = limit.tokens {
            readings.append(Reading(scope: scope, kind: .tokens, used: spent.tokens, limit: tokens, next: next))
        }
        if let cost = limit.costMicros {
            readings.append(Reading(scope: scope, kind: .cost, used: spent.costMicros, limit: cost))
        }
        return readings
    }
}

extension BudgetMeter.Reading {
    /// Why a turn ends.
    var reason: String {
        let amount =
            kind == .cost
            ? "$\(limit / 1_000_000).\(String(String(limit % 1_000_000 / 10_000 + 100).dropFirst()))"
            : "\(limit) \(kind.rawValue)"
        let rest = used < limit ? " would be passed by the next answer" : " is spent"
        return switch scope {
        case .turn: "the budget of \(amount) of a turn\(rest)"
        case .session: "the session's budget of \(amount)\(rest)"
        case .userDay: "your budget of \(amount) of a day\(rest); it begins anew at midnight (UTC)"
        case .userMonth: "your budget of \(amount) of a month\(rest)"
        case .organisationDay:
            "the organisation's budget of \(amount) of a day\(rest); it begins anew at midnight (UTC)"
        case .organisationMonth: "the organisation's budget of \(amount) of a month\(rest)"
        }
    }
}
