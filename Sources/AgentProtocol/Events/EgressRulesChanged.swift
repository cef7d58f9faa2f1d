/// `egressRulesChanged`: from here on the gateway decides by these rules; open connections that they do not allow are closed.
public struct EgressRulesChanged: Codable, Sendable, Equatable {
    /// All that is allowed; empty: nothing.
    public var rules: [EgressRuleSummary]
    /// What is refused although a rule allows it.
    public var denied: [String]
    /// Who changed them: a client's name, or `service`.
    public var by: String
    public var phase: EgressPhase

    public init(rules: [EgressRuleSummary], denied: [String], by: String, phase: EgressPhase) {
        self.rules = rules
        self.denied = denied
        self.by = by
        self.phase = phase
    }
}
