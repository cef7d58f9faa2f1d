import Agent
import AgentProtocol
import Egress
import NIOPosix
import Policy
import Sandbox
import Store
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A session's network: one gateway with the rules of the present phase, its decisions in the session's log.
final class GatewayNetwork: SessionNetwork {
    let provision: NetworkProvision
    private let request: NetworkRequest
    private let rules: EgressRules
    private let gateway: EgressGateway
    private let decisions: DecisionLog
    private let changes: RuleChanges
    private let authorityFile: AuthorityFile
    /// Nil where policy does not allow it.
    private let models: SessionModelGateway?
    /// Whether the agent's phase has begun: setup steps ask no model.
    private let isAgentPhase = Atomic(false)
    private let servers = Mutex<[Task<Void, Never>]>([])

    init(
        _ request: NetworkRequest, rules: EgressRules, provision: NetworkProvision, gateway: EgressGateway,
        decisions: DecisionLog, authorityFile: AuthorityFile, models: SessionModelGateway?
    ) {
        self.request = request
        self.rules = rules
        self.provision = provision
        self.gateway = gateway
        self.decisions = decisions
        self.authorityFile = authorityFile
        self.models = models
        changes = RuleChanges(request, rules: rules, gateway: gateway)
    }

    func serve(_ sandbox: any Sandbox) {
        let connections = sandbox.connections
        let server = Task {
            for await connection in connections {
                switch connection.kind {
                case .http: gateway.serve(descriptor: connection.descriptor, kind: .http)
                case .socks: gateway.serve(descriptor: connection.descriptor, kind: .socks)
                case .models: serveModels(connection.descriptor)
                }
            }
        }
        servers.withLock { $0.append(server) }
    }

    private func serveModels(_ descriptor: Int32) {
        guard let models, isAgentPhase.load(ordering: .relaxed) else {
            _ = Glibc.close(descriptor)
            return
        }
        models.gateway.serve(descriptor: descriptor)
    }

    func enter(_ phase: EgressPhase) async throws {
        try await changes.enter(phase)
        isAgentPhase.store(phase == .agent, ordering: .relaxed)
    }

    var status: AgentEgress.Result { get async { await changes.status } }

    var narrowing: NetworkChange { get async { await changes.change } }

    func change(_ params: AgentEgress.Params, by client: String) async throws {
        try await changes.change(params, by: client)
    }

    func takeRefusals() -> [String] { decisions.takeRefusals() }

    func close() async {
        for server in servers.withLock({ $0 }) { server.cancel() }
        await models?.close()
        await gateway.close()
        await decisions.close()
        authorityFile.remove()
    }
}

/// The rules in force, one change after the other.
private actor RuleChanges {
    private let request: NetworkRequest
    private let rules: EgressRules
    private let gateway: EgressGateway
    private var phase: EgressPhase?
    /// What a client set for the agent's phase.
    private(set) var change: NetworkChange
    /// A change waits for the log; another one that began meanwhile would undo it.
    private var isChanging = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ request: NetworkRequest, rules: EgressRules, gateway: EgressGateway) {
        self.request = request
        self.rules = rules
        self.gateway = gateway
        change = request.change
    }

    /// What a phase may reach when the change were this one.
    private func egress(_ phase: EgressPhase, _ change: NetworkChange?) -> EffectiveEgress {
        var layers = request.policy.layers
        if phase == .agent, let change { layers.append(change.layer) }
        return EffectivePolicy(layers: layers).egress(phase.layerPhase)
    }

    private func begin() async {
        guard isChanging else { return isChanging = true }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func end() {
        if waiting.isEmpty { isChanging = false } else { waiting.removeFirst().resume() }
    }

    func enter(_ phase: EgressPhase) async throws {
        await begin()
        defer { end() }
        guard phase != self.phase else { return }
        try await put(phase, change, by: "service")
    }

    func change(_ params: AgentEgress.Params, by client: String) async throws {
        await begin()
        defer { end() }
        var change = change
        let ceiling = egress(.agent, nil)
        if let texts = params.rules {
            let asked = try texts.map(Self.permission)
            for permission in asked where !ceiling.allowed.contains(where: { $0.covers(permission) }) {
                let most =
                    ceiling.allowed.isEmpty ? "nothing" : ceiling.allowed.map(\.description).joined(separator: ", ")
                throw AgentError.invalidParams(
                    "`\(permission)` is more than the service and policy allow this session, which is \(most)")
            }
            change.rules = asked
        }
        if let texts = params.denied { change.denied = try texts.map(Self.permission) }
        guard change != self.change else { return }
        try await put(phase ?? .agent, change, by: client)
    }

    private static func permission(_ text: String) throws -> EgressPermission {
        do { return try EgressPermission(text) } catch { throw AgentError.invalidParams("\(error)") }
    }

    /// First the log, then the gateway: what cannot be written down does not happen.
    private func put(_ phase: EgressPhase, _ change: NetworkChange, by author: String) async throws {
        let egress = egress(phase, change)
        try await request.log.append(
            .egressRulesChanged(
                EgressRulesChanged(
                    rules: rules.summaries(egress, phase.layerPhase), denied: egress.denied.map(\.description),
                    by: author, phase: phase)),
            keeping: [try change.kept()])
        self.phase = phase
        self.change = change
        gateway.replace(rules: rules.gateway(egress, phase.layerPhase))
    }

    var status: AgentEgress.Result {
        let phase = phase ?? .agent
        let egress = egress(phase, change)
        return AgentEgress.Result(
            phase: phase, rules: rules.summaries(egress, phase.layerPhase),
            denied: egress.denied.map(\.description),
            ceiling: rules.summaries(self.egress(.agent, nil), .agent))
    }
}
