import AgentProtocol
import Policy
import Sandbox
import Store

/// The way out of one session's sandboxes: a gateway outside them that alone decides, by rules that policy narrows.
///
/// It serves every sandbox of its session, that of the setup steps and that of the agent.
public protocol SessionNetwork: Sendable {
    /// What a sandbox is made with so that programs in it find the way.
    var provision: NetworkProvision { get }

    /// Carries the connections of a sandbox until it is gone or the network is closed. Called once it was made or adopted.
    func serve(_ sandbox: any Sandbox)

    /// Puts the rules of a phase in force and says so in the log. Before the first call nothing is allowed.
    /// - Throws: when the log cannot be written; the rules stay as they were.
    func enter(_ phase: EgressPhase) async throws

    /// What may be reached now, and at most.
    var status: AgentEgress.Result { get async }

    /// What a client set for the agent's phase: a fork of the session is held to it too.
    var narrowing: NetworkChange { get async }

    /// Changes what the agent's phase may reach, at once, and says so in the log.
    /// - Throws: `AgentError.invalidParams` when a rule is none, or reaches further than policy and the service allow.
    func change(_ params: AgentEgress.Params, by client: String) async throws

    /// What was refused since the last call, a line each, equal ones once: for the model, whose programs often hide why.
    func takeRefusals() -> [String]

    /// Ends every connection. Decisions that are not in the log yet are written.
    func close() async
}

/// What a sandbox needs to use a ``SessionNetwork``.
public struct NetworkProvision: Sendable, Equatable {
    /// Variables that tell programs of the proxy and of the session's certificate authority.
    public var environment: [String: String]
    /// Host directory with what they point at; shown read-only inside.
    public var directory: String

    public init(environment: [String: String], directory: String) {
        self.environment = environment
        self.directory = directory
    }
}

/// Makes the networks of a service's sessions.
public protocol NetworkProvider: Sendable {
    /// The network of a session; nil when policy lets it reach nothing in any phase, so that it needs no way out.
    func network(for request: NetworkRequest) async throws -> (any SessionNetwork)?
}

/// Whose network it is to be.
public struct NetworkRequest: Sendable {
    public var sessionId: String
    /// The session's folder on the service's disk.
    public var stateDirectory: String
    /// Every layer, the repository's too.
    public var policy: EffectivePolicy
    /// Where decisions go.
    public var log: EventLog
    /// What a client set under the service before this one.
    public var change: NetworkChange
    /// What programs in the sandbox may ask where policy allows the model gateway; nil: nothing.
    public var models: SessionModels?

    public init(
        sessionId: String, stateDirectory: String, policy: EffectivePolicy, log: EventLog,
        change: NetworkChange = NetworkChange(), models: SessionModels? = nil
    ) {
        self.sessionId = sessionId
        self.stateDirectory = stateDirectory
        self.policy = policy
        self.log = log
        self.change = change
        self.models = models
    }
}

/// What a client set for the agent's phase, as the session keeps it for a later service.
public struct NetworkChange: Codable, Sendable, Equatable {
    /// Nil: all that the layers allow.
    public var rules: [EgressPermission]?
    public var denied: [EgressPermission] = []

    public init() {}

    /// The innermost layer.
    public var layer: PolicyLayer {
        var layer = PolicyLayer(name: "client")
        layer.egress = EgressLayer(allow: rules, deny: denied)
        return layer
    }

    /// - Throws: `StoreError`.
    public func kept() throws -> KeptChange { try .value(KeptKey.network, self) }
}
