/// `egressDecided`: the gateway let a connection out of the sandbox, or refused it. Equal ones that follow closely are counted in one event.
public struct EgressDecided: Codable, Sendable, Equatable {
    /// How far a connection is.
    public enum Phase: String, Codable, Sendable, CaseIterable {
        /// Let out; the bytes are those so far.
        case opened
        /// Over: the bytes are final. What is refused is over at once.
        case closed
    }

    /// The rule that allows it; absent when none does.
    public var ruleId: String?
    public var verdict: EgressVerdict
    /// One sentence.
    public var reason: String
    /// `http`, `https` or `tcp`; empty where the sandbox's request could not be read.
    public var scheme: String
    /// As the sandbox asked for it, capped. Untrusted.
    public var host: String
    public var port: Int
    /// Where the gateway sees requests.
    public var method: String?
    /// Without its query, capped. Untrusted.
    public var path: String?
    /// Out of the sandbox.
    public var bytesUp: Int
    /// Into it.
    public var bytesDown: Int
    public var phase: Phase
    /// How many equal decisions this event stands for, their bytes together; absent: one.
    public var count: Int?

    public init(
        ruleId: String? = nil, verdict: EgressVerdict, reason: String, scheme: String, host: String, port: Int,
        method: String? = nil, path: String? = nil, bytesUp: Int = 0, bytesDown: Int = 0, phase: Phase,
        count: Int? = nil
    ) {
        self.ruleId = ruleId
        self.verdict = verdict
        self.reason = reason
        self.scheme = scheme
        self.host = host
        self.port = port
        self.method = method
        self.path = path
        self.bytesUp = bytesUp
        self.bytesDown = bytesDown
        self.phase = phase
        self.count = count
    }
}
