import AgentProtocol
import JSON
import Policy
import Sandbox
import Synchronization
import Testing

@testable import Agent

/// A network that only notes what is asked of it.
private final class FakeNetwork: SessionNetwork {
    let provision = NetworkProvision(
        environment: ["HTTPS_PROXY": "http://127.0.0.1:3128", "LANG": "x"], directory: "/state/network")
    let history = Mutex<[String]>([])
    let refusals = Mutex<[String]>([])

    func serve(_ sandbox: any Sandbox) { note("serve \(sandbox.id)") }
    func enter(_ phase: AgentProtocol.EgressPhase) async throws { note("enter \(phase.rawValue)") }
    func takeRefusals() -> [String] {
        refusals.withLock { lines in
            defer { lines = [] }; return lines
        }
    }
    func close() async { note("close") }
    func change(_ params: AgentEgress.Params, by client: String) async throws {
        note("change \(params.rules ?? []) by \(client)")
    }

    var status: AgentEgress.Result {
        AgentEgress.Result(
            phase: .agent, rules: [EgressRuleSummary(id: "r", rule: "https://pypi.org:443", intercepted: false)],
            denied: [], ceiling: [])
    }

    let narrowing = NetworkChange()

    private func note(_ text: String) { history.withLock { $0.append(text) } }
}

private final class FakeProvider: NetworkProvider {
    let network = FakeNetwork()
    let requests = Mutex<[NetworkRequest]>([])
    let problem: AgentError?

    init(problem: AgentError? = nil) { self.problem = problem }

    func network(for request: NetworkRequest) async throws -> (any SessionNetwork)? {
        requests.withLock { $0.append(request) }
        if let problem { throw problem }
        return request.policy.egress(.agent).allowed.isEmpty ? nil : network
    }
}

@Suite("The network of a session", .timeLimit(.minutes(10)))
struct NetworkTests {
    private func options(_ provider: FakeProvider, _ files: [String: String] = [:]) throws -> TestSession.Options {
        var options = TestSession.Options(files: files)
        options.layers = [.builtIn(egress: [try EgressPermission("https://pypi.org")])]
        options.network = provider
        return options
    }

    @Test("The sandbox is made for it, the model is told, refusals follow a command, and it ends with the session")
    func itIsUsed() async throws {
        let provider = FakeProvider()
        let specs = Mutex<[SandboxSpec]>([])
        let driver = FakeDriver { spec in
            specs.withLock { $0.append(spec) }
            return FakeSandbox(id: spec.id, base: [:]) { _, _ in
                provider.network.refusals.withLock { $0 = ["https://evil.org:443: no rule allows this host and port"] }
                return .text("tried\n")
            }
        }
        let test = try TestSession(
            try options(provider, [".cofferdam.yaml": "environment: {HTTPS_PROXY: mine, OWN: x}\n"]), driver: driver,
            [Say.calls(run("1", "curl", "https://evil.org")), Say.text("No way.")])
        try await test.session.start()
        _ = try await test.turn()
        let spec = try #require(specs.withLock { $0.first })
        #expect(spec.egress && spec.networkDirectory == "/state/network")
        #expect(spec.environment["HTTPS_PROXY"] == "http://127.0.0.1:3128", "a repository's own proxy leads nowhere")
        #expect(spec.environment["OWN"] == "x")
        #expect(test.provider.requests[0].system.contains("https://pypi.org:443"))
        #expect(!test.provider.requests[0].system.contains("without a network"))
        let result = try #require(try test.outcome(of: "run"))
        #expect(
            result.text.hasSuffix(
                "--- the network gateway refused\nhttps://evil.org:443: no rule allows this host and port"))
        try await test.finish()
        #expect(provider.network.history.withLock { $0 } == ["serve s", "enter agent", "close"])
    }

    @Test("The repository narrows it, down to none at all")
    func theRepositoryNarrows() async throws {
        let provider = FakeProvider()
        let fake = try await FakeSession(
            try options(provider, [".cofferdam.yaml": "policy: {egress: []}\n"]), [Say.text("Hello.")])
        _ = try await fake.test.turn()
        #expect(provider.requests.withLock { $0.map(\.policy.layers.count) } == [2])
        #expect(fake.test.provider.requests[0].system.contains("without a network"))
        let none = try await fake.test.session.egress(AgentEgress.Params(sessionId: "s"), client: "c")
        #expect(none.rules.isEmpty && none.ceiling.isEmpty)
        await #expect(throws: AgentError.self) {
            try await fake.test.session.egress(
                AgentEgress.Params(sessionId: "s", rules: ["https://a.org"]), client: "c")
        }
        try await fake.test.finish()
        #expect(provider.network.history.withLock { $0 }.isEmpty)
    }

    @Test("Clients see and change it by name")
    func clients() async throws {
        let provider = FakeProvider()
        let fake = try await FakeSession(try options(provider), [Say.text("Hello."), Say.text("I see.")])
        _ = try await fake.test.turn()
        let session = fake.test.session
        #expect(try await session.egress(AgentEgress.Params(sessionId: "s"), client: "alice").rules.map(\.id) == ["r"])
        _ = try await session.egress(AgentEgress.Params(sessionId: "s", rules: []), client: "alice")
        #expect(provider.network.history.withLock { $0 }.last == "change [] by alice")
        _ = try await session.prompt(AgentPrompt.Params(sessionId: "s", text: "Go on"))
        _ = try await fake.test.turn()
        #expect(
            fake.test.provider.requests[1].lastText.contains(
                "changed what the network reaches; it is now: https://pypi.org:443."))
        try await fake.test.finish()
        await #expect(throws: AgentError.self) {
            try await session.egress(AgentEgress.Params(sessionId: "s"), client: "alice")
        }
    }

    @Test("A network that cannot be set up ends the session with its reason")
    func aNetworkThatCannotBe() async throws {
        let provider = FakeProvider(problem: .configuration("the session's network cannot be set up: no room"))
        let fake = try await FakeSession(try options(provider), [])
        let end = try await fake.test.state(.failed)
        #expect(end.reason?.contains("no room") == true)
        try await fake.test.finish()
    }
}
