/// Layers of policy put together. It only narrows: adding a layer never turns a denial or a question into more.
///
/// The result does not depend on the order of the layers; the order serves only the explanation (the first layer that
/// gives the strictest verdict is named).
public struct EffectivePolicy: Sendable, Equatable {
    public let layers: [PolicyLayer]

    public init(layers: [PolicyLayer]) {
        self.layers = layers
    }

    /// Whether programs in a sandbox may use the session's models: when the built-in layer says so and no other says no.
    public var allowsModelGateway: Bool {
        let isGranted = layers.contains { $0.modelGateway == true }
        return isGranted && !layers.contains { $0.modelGateway == false || $0.failure != nil }
    }

    /// Decides an action: unknown means deny.
    public func decide(_ action: PolicyAction) -> PolicyDecision {
        for layer in layers {
            if let failure = layer.failure {
                return PolicyDecision(verdict: .deny, layer: layer.name, rule: "it could not be loaded: \(failure)")
            }
            if let rule = layer.deny.first(where: { $0.matches(action) }) {
                return PolicyDecision(verdict: .deny, layer: layer.name, rule: rule.description)
            }
        }
        var allowedBy: (layer: PolicyLayer, rule: PolicyRule)?
        for layer in layers {
            guard let tools = layer.tools else { continue }
            guard let rule = tools.first(where: { $0.matches(action) }) else {
                return PolicyDecision(verdict: .deny, layer: layer.name, rule: nil)
            }
            if allowedBy == nil { allowedBy = (layer, rule) }
        }
        guard let allowedBy else { return PolicyDecision(verdict: .deny, layer: "built-in", rule: nil) }
        for layer in layers {
            if let rule = layer.ask.first(where: { $0.matches(action) }) {
                return PolicyDecision(verdict: .ask, layer: layer.name, rule: rule.description)
            }
        }
        return PolicyDecision(verdict: .allow, layer: allowedBy.layer.name, rule: allowedBy.rule.description)
    }
}
