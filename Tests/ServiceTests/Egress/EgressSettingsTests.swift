import Egress
import JSON
import Policy
import TestSupport
import Testing

@testable import Service

/// `egress:` of the service's file, and what becomes of it under policy.
struct EgressSettingsTests {
    private func settings(_ yaml: String) throws -> EgressSettings {
        try ServiceFile.parse(Array("egress:\n\(yaml)".utf8), file: "service.yaml").egress
    }

    private static let example = """
          rules:
            - https://*.pypi.org
            - id: git
              rule: https://git.example.com/team GET,POST
              credential: token
              maximumBytes: 10 MiB
            - host: mirror.example.com
              scheme: http
              port: 8080
              allowPrivate: true
              maximumConnections: 4
          setup:
            - https://deb.debian.org
          credentials:
            token: {kind: bearer, env: GIT_TOKEN}
            robot: {kind: basic, user: robot, file: /run/secrets/robot}
            key: {kind: header, header: X-Api-Key, command: [/usr/bin/pass, show, key]}
          hosts:
            mirror.example.com: [10.2.0.5, "fd00::5"]
        """

    @Test func theExampleIsRead() throws {
        let read = try settings(Self.example)
        #expect(read.rules.map(\.id) == ["rule-1", "git", "rule-3"])
        #expect(read.setup.map(\.id) == ["setup-1"])
        #expect(
            read.rules.map(\.permission.description) == [
                "https://*.pypi.org:443", "https://git.example.com:443/team GET,POST", "http://mirror.example.com:8080",
            ])
        #expect(read.rules[1].credential == "token")
        #expect(read.rules[1].maximumBytes == 10 << 20)
        #expect(read.rules[2].allowPrivate)
        #expect(read.rules[2].maximumConnections == 4)
        #expect(read.credentials["token"] == EgressCredential(placement: .bearer, source: .variable("GIT_TOKEN")))
        #expect(
            read.credentials["robot"]
                == EgressCredential(placement: .basic(user: "robot"), source: .file("/run/secrets/robot")))
        #expect(
            read.credentials["key"]
                == EgressCredential(
                    placement: .header(name: "X-Api-Key"), source: .command(["/usr/bin/pass", "show", "key"])))
        #expect(read.hosts == ["mirror.example.com": ["10.2.0.5", "fd00::5"]])
        #expect(try ServiceFile.parse([], file: "f").egress.isEmpty)
    }

    @Test(arguments: [
        ("  rule: []", 2), ("  rules: https://a.org", 2), ("  rules:\n    - a.org", 3),
        ("  rules:\n    - {host: a.org, x: 1}", 3),
        ("  rules:\n    - {rule: \"https://a.org\", host: b.org}", 3),
        ("  rules:\n    - {rule: \"https://a.org\", credential: none}", 3),
        ("  rules:\n    - {id: a, rule: \"https://a.org\"}\n    - {id: a, rule: \"https://b.org\"}", 4),
        ("  rules:\n    - https://*.a.org\n    - https://b.a.org", 4),
        ("  rules:\n    - https://a.org\n  setup:\n    - https://a.org", 5),
        // A credential in the clear to a public host, and one where nothing can be added.
        ("  rules:\n    - {rule: \"http://a.org\", credential: t}\n  credentials:\n    t: {kind: bearer, env: T}", 3),
        ("  rules:\n    - {rule: \"tcp://a.org:1\", credential: t}\n  credentials:\n    t: {kind: bearer, env: T}", 3),
        ("  rules:\n    - {rule: \"https://a.org\", caFile: ca.pem}", 3),
        ("  rules:\n    - {rule: \"https://a.org\", maximumBytes: 0}", 3),
        ("  credentials:\n    t: {kind: bearer}", 3), ("  credentials:\n    t: {kind: bearer, env: A, file: /b}", 3),
        ("  credentials:\n    t: {kind: basic, env: A}", 3),
        ("  credentials:\n    t: {kind: header, user: x, env: A}", 3),
        ("  credentials:\n    t: {kind: cookie, env: A}", 3), ("  credentials:\n    t: {kind: bearer, file: b}", 3),
        ("  credentials:\n    t: {kind: bearer, command: [pass]}", 3), ("  hosts: {a.org: [b.org]}", 2),
        ("  hosts: {a.org: [010.0.0.1]}", 2),
    ])
    func whatIsWrongIsAnErrorWithItsLine(_ yaml: String, _ line: Int) throws {
        let error = #expect(throws: (any Error).self, "\(yaml)") { try settings(yaml) }
        #expect(
            "\(error.map { "\($0)" } ?? "")".hasPrefix("service.yaml:\(line):"),
            "\(yaml): \(error.map { "\($0)" } ?? "")")
    }

    /// What the documentation shows is what the service reads.
    @Test func theExampleOfTheReadmeIsRead() throws {
        let readme = try ProtocolSchema.text("README.md")
        let block = try #require(readme.split(separator: "```yaml\n").first { $0.hasPrefix("egress:") })
        let yaml = try #require(block.split(separator: "```").first)
        let read = try ServiceFile.parse(Array(yaml.utf8), file: "README.md").egress
        #expect(read.rules.count == 4 && read.setup.count == 1 && read.credentials.count == 1)
    }

    // MARK: Under policy

    private func gateway(_ yaml: String, _ layers: [PolicyLayer], _ phase: EgressLayer.Phase = .agent) throws
        -> [EgressRule]
    {
        let read = try settings(yaml)
        let policy = EffectivePolicy(layers: [read.builtInLayer] + layers)
        return EgressRules(settings: read).gateway(policy.egress(phase), phase)
    }

    @Test func grantsAreTheGatewaysRules() throws {
        let rules = try gateway(Self.example, [])
        #expect(rules.map(\.id) == ["rule-1", "git", "rule-3"])
        #expect(rules.map(\.intercept) == [false, true, false])
        #expect(rules[1].credential == CredentialReference(secret: "token", placement: .bearer))
        #expect(rules[1].maximumBytes == 10 << 20)
        #expect(rules[1].methods == ["GET", "POST"])
        #expect(rules[1].pathPrefix == "/team")
        #expect(rules[2].allowPrivate)
        #expect(try gateway(Self.example, [], .setup).map(\.id) == ["rule-1", "git", "rule-3", "setup-1"])
        for rule in rules { #expect(throws: Never.self) { try rule.check() } }
    }

    @Test func whatPolicyNarrowsKeepsTheGrantsWays() throws {
        let repository = try PolicyLayer(
            name: "repository",
            json: [
                "egress": [
                    "allow": [
                        "https://git.example.com/team/one GET", "https://git.example.com/team/two",
                        "https://test.pypi.org GET",
                    ], "deny": ["https://git.example.com/team/one/private"],
                ]
            ])
        let rules = try gateway(Self.example, [repository])
        #expect(rules.map(\.id) == ["denied-1", "rule-1", "git", "git.2"])
        #expect(rules.map(\.effect) == [.deny, .allow, .allow, .allow])
        #expect(rules[1].intercept, "methods are seen inside TLS only")
        #expect(rules[2].credential?.secret == "token")
        #expect(rules[3].methods == ["GET", "POST"])
        #expect(rules[2].limitsKey == rules[3].limitsKey, "a limit is the grant's, however it is divided")
        for rule in rules { #expect(throws: Never.self) { try rule.check() } }
    }

    /// Whatever layers say, a rule for the gateway is a part of a grant and has no credential but that grant's.
    @Test func nothingLeavesItsGrant() throws {
        let read = try settings(Self.example)
        let layers = try [
            ["https://*.example.com", "http://mirror.example.com:8080"], ["https://git.example.com GET"],
            ["https://evil.org", "https://a.pypi.org", "tcp://git.example.com:443"],
        ].map { texts in
            try PolicyLayer(name: "x", json: ["egress": .array(texts.map { .string($0) })])
        }
        for count in 0...layers.count {
            let policy = EffectivePolicy(layers: [read.builtInLayer] + layers.prefix(count))
            for phase in EgressLayer.Phase.allCases {
                for rule in EgressRules(settings: read).gateway(policy.egress(phase), phase) {
                    let grants = read.rules + read.setup
                    let own = try #require(grants.first { rule.id == $0.id || rule.id.hasPrefix("\($0.id).") })
                    #expect(rule.credential?.secret == own.credential)
                    #expect(rule.maximumBytes == own.maximumBytes)
                    let text = "\(rule.scheme.rawValue)://\(rule.host):\(rule.port)\(rule.pathPrefix ?? "")"
                    #expect(
                        own.permission.covers(
                            try EgressPermission(
                                text + (rule.methods.map { " " + $0.sorted().joined(separator: ",") } ?? ""))))
                }
            }
        }
    }

    @Test func aGrantThatIsGoneSinceTheSessionBeganIsGone() throws {
        let read = try settings("  rules:\n    - https://a.org")
        let frozen = PolicyLayer.builtIn(
            egress: try ["https://a.org", "https://b.org"].map { try EgressPermission($0) })
        let rules = EgressRules(settings: read).gateway(EffectivePolicy(layers: [frozen]).egress(.agent), .agent)
        #expect(rules.map(\.host) == ["a.org"])
    }
}
