import Agent
import Egress
import ModelGateway
import NIOPosix
import Policy
import Secrets

/// Gives sessions a way out through a gateway in this process, within the service's own rules.
public final class GatewayNetworkProvider: NetworkProvider {
    private let rules: EgressRules
    private let credentials: CredentialStore
    private let resolver: any NameResolver
    /// Nil: no session has a model gateway.
    private let modelGateway: ModelGatewayLimits?
    private let known: KnownSecrets

    /// Nothing else waits on these threads: a sandbox can make its end of a connection slow. Two share the encryption of
    /// all sessions.
    private static let threads = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    /// - Parameters:
    ///   - environment: where credentials that are variables come from.
    ///   - known: is told the secrets that are used.
    public init(
        _ settings: EgressSettings, environment: [String: String], modelGateway: ModelGatewayLimits? = nil,
        known: KnownSecrets = KnownSecrets()
    ) {
        self.known = known
        self.modelGateway = modelGateway
        rules = EgressRules(settings: settings)
        credentials = CredentialStore(settings.credentials, environment: environment, known: known)
        resolver = ConfiguredResolver(hosts: settings.hosts)
    }

    /// Credentials that cannot be had now, by name, and why.
    public func credentialProblems() async -> [String: String] { await credentials.problems() }

    public func network(for request: NetworkRequest) async throws -> (any SessionNetwork)? {
        let phases = EgressLayer.Phase.allCases.map { (phase: $0, egress: request.policy.egress($0)) }
        let reaches = phases.contains { phase in
            rules.gateway(phase.egress, phase.phase).contains { $0.effect == .allow }
        }
        let asksModels = modelGateway != nil && request.models != nil && request.policy.allowsModelGateway
        guard reaches || asksModels else { return nil }
        let intercepts = phases.contains { rules.intercepts($0.egress, $0.phase) }
        let file = AuthorityFile(stateDirectory: request.stateDirectory)
        let authority: SessionAuthority?
        let directory: NetworkDirectory
        var models: SessionModelGateway?
        do {
            authority = intercepts ? try file.authority(sessionId: request.sessionId, permittedHosts: hosts) : nil
            directory = try NetworkDirectory(
                "\(request.stateDirectory)/network", authority: authority?.certificatePEM)
            if asksModels, let modelGateway, let access = request.models {
                models = try SessionModelGateway(
                    request, access, limits: modelGateway, group: Self.threads, known: known)
            }
        } catch {
            throw AgentError.configuration("the session's network cannot be set up: \(error)")
        }
        let decisions = DecisionLog(request.log)
        let gateway = EgressGateway(
            sessionId: request.sessionId, rules: [], resolver: resolver, secrets: credentials,
            certificateAuthority: authority, observer: { decisions.record($0) }, eventLoopGroup: Self.threads)
        return GatewayNetwork(
            request, rules: rules,
            provision: NetworkProvision(
                environment: NetworkDirectory.environment(intercepts: intercepts, servesModels: models != nil)
                    .merging(models?.environment ?? [:]) { _, new in new }, directory: directory.path),
            gateway: gateway, decisions: decisions, authorityFile: file, models: models)
    }

    /// Hosts that the session's authority can speak for.
    private var hosts: [String] {
        (rules.settings.rules + rules.settings.setup).filter {
            $0.intercepts($0.permission) || $0.permission.scheme == .https
        }
        .map(\.permission.host)
    }
}
