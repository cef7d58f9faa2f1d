import Agent
import AgentProtocol
import Glibc
import JSON
import Policy
import Store
import TestSupport
import Testing

@testable import Service

/// The rules of a session: phases, changes by clients, what is kept of them, what programs in the sandbox find.
struct GatewayNetworkTests {
    private struct World {
        let folder: TemporaryFolder
        let store: Store
        let log: EventLog
        let provider: GatewayNetworkProvider
        var layers: [PolicyLayer]

        init(_ yaml: String, _ repository: JSON? = nil) throws {
            folder = try TemporaryFolder()
            store = try Store(path: "\(folder.path)/sessions.sqlite")
            try store.save(
                SessionRecord(
                    sessionId: "s", workspaceFolder: "/w", title: "t", model: "m", state: .running, createdAt: 1,
                    updatedAt: 1))
            log = try EventLog(sessionId: "s", store: store)
            let settings = try ServiceFile.parse(Array("egress:\n\(yaml)".utf8), file: "f").egress
            provider = GatewayNetworkProvider(settings, environment: ["T": "secret-of-the-service"])
            layers = [settings.builtInLayer]
            if let repository { layers.append(try PolicyLayer(name: "repository", json: ["egress": repository])) }
        }

        func network(_ change: NetworkChange = NetworkChange()) async throws -> (any SessionNetwork)? {
            try await provider.network(
                for: NetworkRequest(
                    sessionId: "s", stateDirectory: folder.path, policy: EffectivePolicy(layers: layers), log: log,
                    change: change))
        }

        func changes() throws -> [EgressRulesChanged] {
            try store.events(of: "s", afterSeq: 0, limit: 1000).compactMap { logged in
                let params = try JSONCoder.decode(AgentProgress.Params.self, from: JSON(parsing: logged.params))
                guard case .egressRulesChanged(let event) = params.event else { return nil }
                return event
            }
        }
    }

    private static let grants = """
          rules: [https://*.pypi.org, "https://files.example.com/packages GET"]
          setup: [https://deb.debian.org]
        """

    @Test func aSessionThatMayReachNothingHasNoNetwork() async throws {
        #expect(try await World("  rules: []").network() == nil)
        #expect(try await World(Self.grants, []).network() == nil)
        #expect(try await World(Self.grants, ["https://elsewhere.org"]).network() == nil)
        var broken = try World(Self.grants)
        broken.layers.append(.failed(name: "user", reason: "unreadable"))
        #expect(try await broken.network() == nil)
        #expect(try await World("  setup: [https://deb.debian.org]").network() != nil)
    }

    @Test func theAuthorityIsThatOfTheSession() async throws {
        let world = try World("  rules: [\"https://files.example.com/packages GET\"]")
        let file = "\(world.folder.path)/authority.pem"
        func certificate(_ network: any SessionNetwork) throws -> String {
            let found = try #require(world.folder.readText("network/ca.pem"))
            #expect(!found.contains("PRIVATE"))
            return found
        }
        // A service that is killed closes nothing.
        let first = try #require(try await world.network())
        let trusted = try certificate(first)
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let later = try #require(try await world.network())
        #expect(try certificate(later) == trusted)
        // What others could have written or read is not gone on with.
        chmod(file, 0o644)
        let wary = try #require(try await world.network())
        #expect(try certificate(wary) != trusted)
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        for network in [first, later, wary] { await network.close() }
        #expect(access(file, F_OK) != 0, "the key ends with the session")
    }

    @Test func phasesAreEventsWithTheirRules() async throws {
        let world = try World(Self.grants, ["allow": ["https://a.pypi.org"], "setup": ["https://deb.debian.org"]])
        let network = try #require(try await world.network())
        try await network.enter(.setup)
        try await network.enter(.setup)
        try await network.enter(.agent)
        let changes = try world.changes()
        #expect(changes.map(\.phase) == [.setup, .agent])
        #expect(changes.map(\.by) == ["service", "service"])
        #expect(changes.map { $0.rules.map(\.rule) } == [["https://deb.debian.org:443"], ["https://a.pypi.org:443"]])
        await network.close()
    }

    @Test func aClientChangesWithinTheCeiling() async throws {
        let world = try World(Self.grants)
        let network = try #require(try await world.network())
        try await network.enter(.agent)
        func change(_ rules: [String]?, _ denied: [String]? = nil) async throws {
            try await network.change(AgentEgress.Params(sessionId: "s", rules: rules, denied: denied), by: "alice")
        }
        try await change(["https://a.pypi.org", "https://files.example.com/packages/one GET"])
        try await change(nil, ["https://b.pypi.org"])
        try await change(["https://*.pypi.org"], [])
        try await change(["https://*.pypi.org"], [])  // no change, no event
        for wider in [
            "https://pypi.org", "http://a.pypi.org", "https://files.example.com/packages", "https://deb.debian.org",
            "https://files.example.com/packages GET,POST", "https://a.pypi.org:444", "nonsense",
        ] {
            await #expect(throws: AgentError.self, "\(wider)") { try await change([wider]) }
        }
        await #expect(throws: AgentError.self) { try await change(nil, ["nonsense"]) }
        let status = await network.status
        #expect(status.rules.map(\.rule) == ["https://*.pypi.org:443"])
        #expect(status.ceiling.map(\.rule) == ["https://*.pypi.org:443", "https://files.example.com:443/packages GET"])
        let changes = try world.changes()
        #expect(changes.map(\.by) == ["service", "alice", "alice", "alice"])
        #expect(
            changes[1].rules.map(\.rule) == [
                "https://a.pypi.org:443", "https://files.example.com:443/packages/one GET",
            ])
        #expect(changes[2].denied == ["https://b.pypi.org:443"])
        await network.close()
    }

    /// A client's change is for the agent's phase, and a later service finds it.
    @Test func aChangeIsKept() async throws {
        let world = try World(Self.grants)
        let network = try #require(try await world.network())
        try await network.enter(.setup)
        try await network.change(AgentEgress.Params(sessionId: "s", rules: [], denied: nil), by: "alice")
        #expect(await network.status.rules.count == 3, "setup goes on as it was")
        try await network.enter(.agent)
        #expect(await network.status.rules.isEmpty)
        await network.close()
        let kept = try #require(try world.store.kept(of: "s")["network"])
        let change = try JSONCoder.decode(NetworkChange.self, from: JSON(parsing: kept))
        #expect(change.rules == [])
        let later = try #require(try await world.network(change))
        try await later.enter(.agent)
        #expect(await later.status.rules.isEmpty)
        await later.close()
    }

    @Test func theSandboxFindsTheProxyAndTheAuthority() async throws {
        let world = try World(Self.grants)
        let network = try #require(try await world.network())
        let variables = network.provision.environment
        #expect(variables["HTTPS_PROXY"] == "http://127.0.0.1:3128")
        #expect(variables["SSL_CERT_FILE"] == "/run/cofferdam/network/ca-bundle.pem")
        let certificate = try #require(world.folder.readText("network/ca.pem"))
        #expect(certificate.hasPrefix("-----BEGIN CERTIFICATE-----"))
        #expect(try #require(world.folder.readText("network/ca-bundle.pem")).hasSuffix(certificate))
        for name in ["gitconfig", "pip.conf", "npmrc"] {
            #expect(world.folder.readText("network/\(name)")?.contains("http://127.0.0.1:3128") == true)
            #expect(world.folder.readText("network/\(name)")?.contains("ca-bundle.pem") == true)
        }
        await network.close()
    }

    @Test func nothingIsTrustedWhereNothingIsIntercepted() async throws {
        let world = try World("  rules: [https://pypi.org]")
        let network = try #require(try await world.network())
        #expect(network.provision.environment["SSL_CERT_FILE"] == nil)
        #expect(world.folder.readText("network/ca-bundle.pem") == nil)
        #expect(world.folder.readText("network/gitconfig")?.contains("sslCAInfo") == false)
        await network.close()
    }
}
