import JSON

/// What the layers together let a sandbox reach.
public struct EffectiveEgress: Sendable, Equatable {
    /// In the order of the first layer that states any: earlier ones come first where two match.
    public var allowed: [EgressPermission]
    /// Refused although something in `allowed` matches.
    public var denied: [EgressPermission]

    public init(allowed: [EgressPermission], denied: [EgressPermission] = []) {
        self.allowed = allowed
        self.denied = denied
    }

    public static let nothing = EffectiveEgress(allowed: [])

    public func allows(_ request: EgressRequest) -> Bool {
        allowed.contains { $0.matches(request) } && !denied.contains { $0.matches(request) }
    }
}

/// The part of a layer that is about the network. A part that is absent inherits; an empty list is nothing.
public struct EgressLayer: Sendable, Equatable, Codable {
    /// Whose commands a permission is for.
    public enum Phase: String, Sendable, CaseIterable {
        /// The setup steps of an environment.
        case setup
        /// The agent's commands and the checks.
        case agent
    }

    public var allow: [EgressPermission]?
    /// For setup steps, in place of `allow`.
    public var setup: [EgressPermission]?
    public var deny: [EgressPermission]

    public init(
        allow: [EgressPermission]? = nil, setup: [EgressPermission]? = nil, deny: [EgressPermission] = []
    ) {
        self.allow = allow
        self.setup = setup
        self.deny = deny
    }

    /// Reads a list of what is allowed, or `{allow?, setup?, deny?}`.
    init(json: JSON) throws(PolicyError) {
        guard let object = json.objectValue else {
            self.init(allow: try Self.rules(json, "egress"))
            return
        }
        self.init()
        for (key, value) in object {
            switch key {
            case "allow": allow = try Self.rules(value, "egress.allow")
            case "setup": setup = try Self.rules(value, "egress.setup")
            case "deny": deny = try Self.rules(value, "egress.deny")
            default:
                throw .badEgressRule("egress", reason: "unknown key `\(key.prefix(64))` (known: allow, setup, deny)")
            }
        }
    }

    /// More than anybody writes; each pair of two layers is looked at.
    private static let maximumRules = 256

    private static func rules(_ value: JSON, _ key: String) throws(PolicyError) -> [EgressPermission] {
        guard let items = value.arrayValue else { throw .wrongType(key: key, expected: "a list of rules") }
        guard items.count <= maximumRules else {
            throw .wrongType(key: key, expected: "a list of at most \(maximumRules) rules")
        }
        var rules: [EgressPermission] = []
        for item in items { rules.append(try EgressPermission(json: item)) }
        return rules
    }

    /// What the layer states for a phase. One that says nothing of setup means both: to leave something out is no way
    /// to more.
    func stated(for phase: Phase) -> [EgressPermission]? {
        switch phase {
        case .agent: allow
        case .setup: setup ?? allow
        }
    }
}

extension EffectivePolicy {
    /// More rules than any policy needs; what lies beyond is not allowed.
    static let maximumPermissions = 1024

    /// Intersects what the layers state. It only narrows: a layer that states something takes away all else, and
    /// where none states anything, or one could not be loaded, nothing is allowed. The set of requests does not depend on
    /// the order of the layers.
    public func egress(_ phase: EgressLayer.Phase) -> EffectiveEgress {
        guard !layers.contains(where: { $0.failure != nil }) else { return .nothing }
        var allowed: [EgressPermission]?
        var denied: [EgressPermission] = []
        for layer in layers {
            for rule in layer.egress.deny where !denied.contains(rule) { denied.append(rule) }
            guard let stated = layer.egress.stated(for: phase) else { continue }
            allowed = allowed.map { Self.intersection($0, stated) } ?? Self.intersection(stated, stated)
        }
        return EffectiveEgress(allowed: allowed ?? [], denied: denied)
    }

    /// Every pair's intersection, without those that another one covers.
    private static func intersection(_ some: [EgressPermission], _ others: [EgressPermission]) -> [EgressPermission] {
        var result: [EgressPermission] = []
        for one in some {
            for other in others {
                guard let both = one.intersection(other) else { continue }
                if result.contains(where: { $0.covers(both) }) { continue }
                guard result.count < maximumPermissions else { return result }
                result.append(both)
            }
        }
        return result
    }
}
