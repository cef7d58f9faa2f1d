import AgentProtocol
import Models

/// Compares what was spent with what may be.
enum BudgetMeter {
    struct Reading: Sendable, Equatable {
        var scope: BudgetScope
        var kind: BudgetKind
        var used: Int
        var limit: Int
        /// What other answers under way will take, estimated.
        var held = 0
        /// What the answer that is asked for takes, estimated.
        var next = 0

        /// What there is for the answer that is asked for.
        var left: Int { used >= limit ? 0 : limit - used - held }
        /// Nothing may be asked any more.
        var isSpent: Bool { used >= limit || left < next }
        var isClose: Bool { limit > 0 && Double(used) >= 0.8 * Double(limit) }
    }

    /// - Parameters:
    ///   - held: by other answers under way.
    ///   - next: of the answer that is asked for.
    static func readings(
        _ scope: BudgetScope, _ spent: Spending, _ limit: BudgetLimits.Limit, held: Spending = Spending(),
        next: Spending = Spending()
    ) -> [Reading] {
        var readings: [Reading] = []
        if let steps = limit.steps {
            readings.append(Reading(scope: scope, kind: .steps, used: spent.steps, limit: steps))
        }
        if let tokens = limit.tokens {
            readings.append(
                Reading(
                    scope: scope, kind: .tokens, used: spent.tokens, limit: tokens, held: held.tokens,
                    next: next.tokens))
        }
        if let seconds = limit.seconds {
            readings.append(
                Reading(scope: scope, kind: .seconds, used: spent.milliseconds / 1000, limit: seconds))
        }
        if let cost = limit.costMicros {
            readings.append(
                Reading(
                    scope: scope, kind: .cost, used: spent.costMicros, limit: cost, held: held.costMicros,
                    next: next.costMicros))
        }
        return readings
    }
}

extension BudgetMeter.Reading {
    /// Why a model is not asked, or a turn ends.
    /// - Parameter isUnderWay: an answer is cut.
    func spent(isUnderWay: Bool = false) -> BudgetSpent {
        BudgetSpent(reason: reason(isUnderWay), summary: "\(whose) for models is spent")
    }

    private var whose: String {
        switch scope {
        case .turn: "the turn's budget"
        case .session: "the session's budget"
        case .userDay, .userMonth: "the user's budget"
        case .organisationDay, .organisationMonth: "the organisation's budget"
        }
    }

    private func reason(_ isUnderWay: Bool) -> String {
        let amount =
            switch kind {
            case .cost: "$\(limit / 1_000_000).\(String(String(limit % 1_000_000 / 10_000 + 100).dropFirst()))"
            case .seconds: "\(limit) s"
            case .steps, .tokens: "\(limit) \(kind.rawValue)"
            }
        let rest =
            used >= limit
            ? "is spent" : isUnderWay ? "was used up in the middle of an answer" : "would be passed by the next answer"
        let midnight = "; it begins anew at midnight (UTC)"
        return switch scope {
        case .turn where kind == .cost: "the budget of \(amount) of a turn \(rest)"
        case .turn: "the limit of \(amount) \(used >= limit ? "is reached" : rest)"
        case .session: "the session's budget of \(amount) \(rest)"
        case .userDay: "your budget of \(amount) of a day \(rest)\(midnight)"
        case .userMonth: "your budget of \(amount) of a month \(rest)"
        case .organisationDay: "the organisation's budget of \(amount) of a day \(rest)\(midnight)"
        case .organisationMonth: "the organisation's budget of \(amount) of a month \(rest)"
        }
    }
}
