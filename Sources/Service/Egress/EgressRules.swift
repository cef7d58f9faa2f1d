import AgentProtocol
import Egress
import Policy

/// From what policy allows to the rules of the gateway and to words.
struct EgressRules: Sendable {
    let settings: EgressSettings

    /// A permission, and the grant that it is a part of.
    private struct Part {
        var permission: EgressPermission
        var grant: EgressGrant
        /// Position of the grant: the first that matches decides.
        var position: Int
    }

    private func grants(_ phase: EgressLayer.Phase) -> [EgressGrant] {
        phase == .setup ? settings.rules + settings.setup : settings.rules
    }

    /// In the order of the grants. What no grant covers (one that is gone since the session began) is left out.
    private func parts(_ egress: EffectiveEgress, _ phase: EgressLayer.Phase) -> [Part] {
        let grants = grants(phase)
        let parts = egress.allowed.compactMap { permission -> Part? in
            guard let position = grants.firstIndex(where: { $0.permission.covers(permission) }) else { return nil }
            return Part(permission: permission, grant: grants[position], position: position)
        }
        return parts.enumerated().sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
            .map(\.element)
    }

    /// Parts of one grant are told apart by a number.
    private func named(_ parts: [Part]) -> [(id: String, part: Part)] {
        var seen: [Int: Int] = [:]
        return parts.map { part in
            let number = seen[part.position, default: 0] + 1
            seen[part.position] = number
            let id = number == 1 ? part.grant.id : "\(part.grant.id).\(number)"
            return (id, part)
        }
    }

    /// What the gateway is given: what is refused first, then what is allowed.
    func gateway(_ egress: EffectiveEgress, _ phase: EgressLayer.Phase) -> [EgressRule] {
        let denials = egress.denied.enumerated().map { index, permission in
            EgressRule(
                id: "denied-\(index + 1)", scheme: permission.scheme.gateway, host: permission.host,
                port: permission.port, methods: permission.methods, pathPrefix: permission.path, effect: .deny)
        }
        return denials
            + named(parts(egress, phase)).map { id, part in
                part.grant.rule(id: id, for: part.permission, credentials: settings.credentials)
            }
    }

    func summaries(_ egress: EffectiveEgress, _ phase: EgressLayer.Phase) -> [EgressRuleSummary] {
        named(parts(egress, phase)).map { id, part in
            EgressRuleSummary(
                id: id, rule: part.permission.description, intercepted: part.grant.intercepts(part.permission),
                credential: part.grant.credential)
        }
    }

    /// Whether the gateway ends TLS for any of it.
    func intercepts(_ egress: EffectiveEgress, _ phase: EgressLayer.Phase) -> Bool {
        parts(egress, phase).contains { $0.grant.intercepts($0.permission) }
    }
}

extension EgressPhase {
    var layerPhase: EgressLayer.Phase { self == .setup ? .setup : .agent }
}
