import JSON

/// One layer of policy. An absent part inherits; a part that is there, even empty, is the whole of what it allows.
public struct PolicyLayer: Sendable, Equatable, Codable {
    /// Where it comes from, for explanations: `built-in`, `repository`.
    public var name: String
    /// What the layer allows; nil inherits, `[]` allows nothing.
    public var tools: [PolicyRule]?
    /// What the user is asked about.
    public var ask: [PolicyRule]
    public var deny: [PolicyRule]
    /// What a sandbox may reach.
    public var egress = EgressLayer()
    /// Whether programs in a sandbox may use the session's models through the model gateway; nil inherits.
    public var modelGateway: Bool?
    /// Set when the layer could not be loaded: it then denies everything.
    public var failure: String?

    public init(name: String, tools: [PolicyRule]? = nil, ask: [PolicyRule] = [], deny: [PolicyRule] = []) {
        self.name = name
        self.tools = tools
        self.ask = ask
        self.deny = deny
    }

    /// A layer that could not be read or is invalid.
    public static func failed(name: String, reason: String) -> PolicyLayer {
        var layer = PolicyLayer(name: name)
        layer.failure = reason
        return layer
    }

    /// Reads `{version?, tools?, ask?, deny?, egress?, modelGateway?}`; lists of rules, and for the network a list of what is allowed or
    /// `{allow?, setup?, deny?}`.
    public init(name: String, json: JSON) throws(PolicyError) {
        guard let object = json.objectValue else { throw .wrongType(key: "policy", expected: "a mapping") }
        self.init(name: name)
        for (key, value) in object {
            switch key {
            case "version":
                guard let version = value.intValue else { throw .wrongType(key: key, expected: "a number") }
                guard version == 1 else { throw .unsupportedVersion(version) }
            case "tools": tools = try Self.rules(value, key)
            case "ask": ask = try Self.rules(value, key)
            case "deny": deny = try Self.rules(value, key)
            case "egress": egress = try EgressLayer(json: value)
            case "modelGateway":
                guard let isAllowed = value.boolValue else { throw .wrongType(key: key, expected: "true or false") }
                modelGateway = isAllowed
            default: throw .unknownKey(key)
            }
        }
    }

    private static func rules(_ value: JSON, _ key: String) throws(PolicyError) -> [PolicyRule] {
        guard let items = value.arrayValue else { throw .wrongType(key: key, expected: "a list of rules") }
        var rules: [PolicyRule] = []
        for item in items {
            guard let text = item.stringValue else { throw .wrongType(key: key, expected: "a list of texts") }
            rules.append(try PolicyRule(text))
        }
        return rules
    }
}
