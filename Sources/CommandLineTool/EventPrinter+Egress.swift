import AgentProtocol

extension EventPrinter {
    /// What was refused; what passed is in `cofferdam egress`.
    mutating func show(_ event: EgressDecided) {
        guard event.verdict == .deny else { return }
        line("⛔ network: \(EgressWords.decision(event))", .yellow)
    }

    /// A program's use of a model, with its tokens.
    mutating func show(_ event: ModelCallServed) {
        let tokens = "\(event.usage.inputTokens) tokens in, \(event.usage.outputTokens) out"
        if let failure = event.failure {
            line("! a program asked a model (\(event.api)): \(failure)", .yellow)
        } else {
            line("· a program asked \(event.model ?? "a model") (\(event.api)): \(tokens)", .dim)
        }
    }
}

/// The way out of a sandbox in words.
enum EgressWords {
    static func rules(_ event: EgressRulesChanged) -> String {
        let phase = event.phase == .setup ? "setup steps" : "the agent"
        return "\(phase) may reach \(list(event.rules, event.denied)) (set by \(event.by))"
    }

    static func list(_ rules: [EgressRuleSummary], _ denied: [String]) -> String {
        let allowed = rules.isEmpty ? "nothing" : rules.map(\.rule).joined(separator: ", ")
        return denied.isEmpty ? allowed : "\(allowed); not \(denied.joined(separator: ", "))"
    }

    static func decision(_ event: EgressDecided) -> String {
        let request = [event.method ?? "", target(event)].filter { !$0.isEmpty }.joined(separator: " ")
        let times = event.count.map { " (\($0) times)" } ?? ""
        return "\(request) \(event.verdict == .allow ? "allowed" : "refused"): \(event.reason)\(times)"
    }

    static func target(_ event: EgressDecided) -> String {
        guard !event.host.isEmpty else { return "a request" }
        let scheme = event.scheme.isEmpty ? "" : "\(event.scheme)://"
        let host = event.host.contains(":") ? "[\(event.host)]" : event.host
        return "\(scheme)\(host):\(event.port)\(event.path ?? "")"
    }
}
