/// One decision of the gateway, or the end of what an earlier one opened.
///
/// What is allowed gives two of them with the same ``id``: `opened` when the host is reached, `closed` with the final
/// counts. What is denied gives one, `closed`. A connection that the gateway itself ends (a limit, a changed rule) closes
/// with the verdict `deny`.
public struct EgressDecision: Sendable, Equatable {
    public enum Verdict: String, Sendable, Equatable {
        case allow
        case deny
    }

    public enum Phase: String, Sendable, Equatable {
        case opened
        case closed
    }

    /// Pairs `opened` with `closed`; counts up from 1 in a gateway.
    public var id: UInt64
    public var phase: Phase
    public var verdict: Verdict
    public var reason: EgressReason
    /// The rule that allowed it, or whose limit ended it; nil when none matched.
    public var ruleId: String?
    public var scheme: EgressRule.Scheme
    /// As the client named it, normalised; for input that is no host, a printable and bounded form of it.
    public var host: String
    public var port: Int
    /// Known for requests that the gateway can read.
    public var method: String?
    /// Path without the query, which may hold secrets. At most ``EgressLimits/maxReportedPath`` bytes.
    public var path: String?
    /// The address that was connected to.
    public var address: String?
    /// Bytes of the client that were passed on; with TLS the gateway ends, counted in the clear.
    public var bytesUp: Int
    public var bytesDown: Int

    public init(
        id: UInt64, phase: Phase, verdict: Verdict, reason: EgressReason, ruleId: String? = nil,
        scheme: EgressRule.Scheme, host: String, port: Int, method: String? = nil, path: String? = nil,
        address: String? = nil, bytesUp: Int = 0, bytesDown: Int = 0
    ) {
        self.id = id
        self.phase = phase
        self.verdict = verdict
        self.reason = reason
        self.ruleId = ruleId
        self.scheme = scheme
        self.host = host
        self.port = port
        self.method = method
        self.path = path
        self.address = address
        self.bytesUp = bytesUp
        self.bytesDown = bytesDown
    }
}
