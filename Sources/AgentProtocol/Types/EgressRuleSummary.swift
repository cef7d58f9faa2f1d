/// One rule on the way out of a sandbox.
public struct EgressRuleSummary: Codable, Sendable, Equatable {
    /// What decisions call it.
    public var id: String
    /// `https://*.pypi.org:443/simple GET,HEAD`: scheme, host, port, then path and methods where they matter.
    public var rule: String
    /// Whether the gateway reads what is inside TLS, to hold to path and method or to add a credential.
    public var intercepted: Bool
    /// Name of the credential that the gateway adds; it is never in the sandbox.
    public var credential: String?

    public init(id: String, rule: String, intercepted: Bool, credential: String? = nil) {
        self.id = id
        self.rule = rule
        self.intercepted = intercepted
        self.credential = credential
    }
}
