import AgentProtocol

/// What people read of budgets, in transcripts and on the command line.
public enum BudgetWords {
    /// Such as `82 % of the session's money are used`.
    public static func warning(_ event: BudgetWarned) -> String {
        let whose =
            switch event.scope {
            case .turn: "this turn's"
            case .session: "the session's"
            case .userDay: "your day's"
            case .userMonth: "your month's"
            case .organisationDay: "the organisation's day's"
            case .organisationMonth: "the organisation's month's"
            }
        let percent = event.limit > 0 ? Int(Double(event.used) * 100 / Double(event.limit)) : 100
        return "\(percent) % of \(whose) \(event.kind == .cost ? "money" : event.kind.rawValue) are used"
    }
}
