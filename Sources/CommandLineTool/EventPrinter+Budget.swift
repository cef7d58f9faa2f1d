import AgentProtocol

extension EventPrinter {
    static func budget(_ event: BudgetWarned) -> String {
        let percent = event.limit > 0 ? event.used * 100 / event.limit : 100
        let whose =
            switch event.scope {
            case .turn: "this turn's"
            case .session: "the session's"
            case .userDay: "your day's"
            case .userMonth: "your month's"
            case .organisationDay: "the organisation's day's"
            case .organisationMonth: "the organisation's month's"
            }
        let what = event.kind == .cost ? "money" : event.kind.rawValue
        return "\(percent) % of \(whose) \(what) are used"
    }
}
