import AgentProtocol
import Policy
import Sandbox

extension AgentSession {
    /// Makes the session's network before its first sandbox, when policy lets it reach anything.
    ///
    /// - Parameter narrowing: what a client set for the session that this one was forked from.
    func openNetwork(_ policy: EffectivePolicy, narrowing: NetworkChange = NetworkChange()) async throws {
        guard network == nil, let provider = configuration.network else { return }
        network = try await provider.network(
            for: NetworkRequest(
                sessionId: configuration.sessionId, stateDirectory: configuration.stateDirectory, policy: policy,
                log: log, change: resumption.take(KeptKey.network) ?? narrowing, models: models))
    }

    /// Serves a sandbox that was made, or found again, under the rules of the agent's phase.
    func joinNetwork(_ sandbox: any Sandbox) async throws {
        guard let network else { return }
        network.serve(sandbox)
        try await network.enter(.agent)
    }

    /// What the model is told that it can reach; empty: nothing.
    func reachable() async -> [String] {
        guard let network else { return [] }
        return await network.status.rules.map(\.rule)
    }

    /// What the gateway refused while a command ran, for its result. Of commands side by side, the first to end tells it.
    func refusals() -> String {
        let lines = network?.takeRefusals() ?? []
        guard !lines.isEmpty else { return "" }
        return "\n--- the network gateway refused\n" + lines.joined(separator: "\n")
    }

    /// What the sandbox may reach, and changes of it.
    /// - Throws: `AgentError.notLive`, `.busy` while the session is starting, `.invalidParams`.
    public func egress(_ params: AgentEgress.Params, client: String) async throws -> AgentEgress.Result {
        await settleResume()
        guard state.isLive else { throw AgentError.notLive("the session is over (\(state.rawValue))") }
        guard let network else {
            guard ready != nil else { throw AgentError.busy("the session is still starting") }
            guard (params.rules ?? []).isEmpty else {
                throw AgentError.invalidParams(
                    "this session has no network: neither the service's configuration nor policy allow it any host")
            }
            return AgentEgress.Result(phase: .agent, rules: [], denied: [], ceiling: [])
        }
        guard params.rules != nil || params.denied != nil else { return await network.status }
        try await network.change(params, by: client)
        let status = await network.status
        let reach = status.rules.isEmpty ? "nothing" : status.rules.map(\.rule).joined(separator: ", ")
        let except = status.denied.isEmpty ? "" : ", but not \(status.denied.joined(separator: ", "))"
        pendingNotes.append("The user changed what the network reaches; it is now: \(reach)\(except).")
        return status
    }
}

extension SandboxSpec {
    /// With what a network needs inside. The network's variables win: another proxy leads nowhere. What is kept of a spec
    /// lacks the secrets among them.
    func joined(to network: (any SessionNetwork)?) -> SandboxSpec {
        guard let provision = network?.provision else { return self }
        var spec = self
        spec.egress = true
        spec.networkDirectory = provision.directory
        spec.environment.merge(provision.environment) { _, new in new }
        return spec
    }
}
