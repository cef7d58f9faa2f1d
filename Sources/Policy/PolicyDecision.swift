/// A verdict and what made it.
public struct PolicyDecision: Sendable, Equatable {
    public var verdict: Verdict
    /// The layer that decided.
    public var layer: String
    /// The rule that decided; nil when the absence of one did.
    public var rule: String?

    /// One sentence for the user, the log and the model.
    public var explanation: String {
        switch (verdict, rule) {
        case (.deny, let rule?): "denied by the \(layer) policy: \(rule)"
        case (.deny, nil): "denied: the \(layer) policy does not allow it"
        case (.ask, let rule?): "the \(layer) policy asks for approval: \(rule)"
        case (.ask, nil): "the \(layer) policy asks for approval"
        case (.allow, let rule?): "allowed by the \(layer) policy: \(rule)"
        case (.allow, nil): "allowed by the \(layer) policy"
        }
    }
}
