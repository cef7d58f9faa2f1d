import AgentProtocol

extension TranscriptRenderer {
    /// What was refused; what passed would only be noise here.
    mutating func egressDecided(_ event: EgressDecided) -> String {
        guard event.verdict == .deny else { return "" }
        let scheme = event.scheme.isEmpty ? "" : "\(event.scheme)://"
        let target = event.host.isEmpty ? "a request" : "\(scheme)\(event.host):\(event.port)\(event.path ?? "")"
        let times = event.count.map { " (\($0) times)" } ?? ""
        let reason = DisplayText.exact(event.reason, limit: 500)
        return note("Network: \(MarkdownText.code(DisplayText.exact(target, limit: 300))) refused: \(reason)\(times).")
    }

    mutating func egressRulesChanged(_ event: EgressRulesChanged) -> String {
        let who = event.phase == .setup ? "Setup steps" : "The agent"
        let rules = event.rules.prefix(Self.mostItems).map { MarkdownText.code($0.rule) }
        let denied = event.denied.prefix(Self.mostItems).map { MarkdownText.code($0) }
        let allowed = rules.isEmpty ? "nothing" : rules.joined(separator: ", ")
        let except = denied.isEmpty ? "" : ", but not \(denied.joined(separator: ", "))"
        return note("Network: \(who) may reach \(allowed)\(except) (set by \(DisplayText.exact(event.by, limit: 80))).")
    }
}
