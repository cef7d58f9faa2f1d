/// How a turn ended.
public enum TurnOutcome: String, Codable, Sendable, CaseIterable {
    /// Every required check passed on the exact tree that is handed over.
    case verified
    /// The model ended its work, but a required check failed, there is none, or `gateFindings` speak against them.
    case unverified
    /// Nothing was changed and nothing asked for it: an answer only.
    case answered
    case cancelled
    /// A limit (steps, tokens, time, repeats) ended it; the work so far is kept.
    case limit
    /// A fault (model, sandbox) ended it; the work so far is kept.
    case failed
}
