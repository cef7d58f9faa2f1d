import JSON
import TestSupport
import Testing

@testable import Egress

/// Real clients and real hosts around the gateway.
@Suite struct RealPeerTests {
    private static let names = [
        "plain.test": ["127.0.0.1"], "secure.test": ["127.0.0.1"], "a.secure.test": ["127.0.0.1"],
    ]

    private static func rule(
        _ id: String, _ scheme: EgressRule.Scheme, _ host: String, _ port: Int,
        _ change: (inout EgressRule) -> Void = { _ in }
    ) -> EgressRule {
        var rule = EgressRule(id: id, scheme: scheme, host: host, port: port, allowPrivate: true)
        change(&rule)
        return rule
    }

    @Test func curlGetsPlainHTTPThroughBothProxies() async throws {
        let peer = try Peer()
        let harness = try GatewayHarness(rules: [Self.rule("plain", .http, "plain.test", peer.http)], names: Self.names)
        for socks in [false, true] {
            let done = try harness.curl(["http://plain.test:\(peer.http)/echo?x=1"], socks: socks)
            #expect(done.exitCode == 0, "\(done.errorText)")
            let echo = try JSON(parsing: done.output)
            #expect(echo["path"]?.stringValue == "/echo?x=1")
        }
        let closed = await harness.decision { $0.phase == .closed }
        #expect(closed?.ruleId == "plain")
        #expect(closed?.path == "/echo")
        #expect(closed?.address == "127.0.0.1")
        #expect((closed?.bytesDown ?? 0) > 100)
    }
}
