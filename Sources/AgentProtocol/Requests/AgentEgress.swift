import JSONRPC

/// `agent/egress`: what a session's sandbox may reach, and changes of it while the session runs.
///
/// A change holds at once, also for open connections, and is an event. It never reaches further than policy and the service's own rules.
public enum AgentEgress: RequestType {
    public static let method = "agent/egress"

    public struct Params: Codable, Sendable, Equatable {
        public var sessionId: String
        /// What the agent's phase may reach from now on, `https://*.pypi.org` each, in place of what it could; absent: no change.
        public var rules: [String]?
        /// What is refused from now on although a rule allows it, in place of what a client set before; absent: no change.
        public var denied: [String]?

        public init(sessionId: String, rules: [String]? = nil, denied: [String]? = nil) {
            self.sessionId = sessionId
            self.rules = rules
            self.denied = denied
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var phase: EgressPhase
        /// What the present phase may reach.
        public var rules: [EgressRuleSummary]
        public var denied: [String]
        /// The most that the agent's phase could be given.
        public var ceiling: [EgressRuleSummary]

        public init(
            phase: EgressPhase, rules: [EgressRuleSummary], denied: [String], ceiling: [EgressRuleSummary]
        ) {
            self.phase = phase
            self.rules = rules
            self.denied = denied
            self.ceiling = ceiling
        }
    }
}
