extension AgentLimits {
    /// Limits with what the environment narrows: `COFFERDAM_APPROVAL_SECONDS`, `COFFERDAM_MAX_STEPS`,
    /// `COFFERDAM_MAX_SECONDS`. Values that are no positive number, or greater than the limit, change nothing.
    public init(environment: [String: String]) {
        self.init()
        func narrow(_ limit: inout Int, _ name: String) {
            guard let value = environment[name].flatMap({ Int($0) }), value > 0, value < limit else { return }
            limit = value
        }
        narrow(&approvalSeconds, "COFFERDAM_APPROVAL_SECONDS")
        narrow(&steps, "COFFERDAM_MAX_STEPS")
        narrow(&seconds, "COFFERDAM_MAX_SECONDS")
    }
}
