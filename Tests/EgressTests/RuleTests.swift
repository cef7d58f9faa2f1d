import Testing

@testable import Egress

@Suite struct RuleTests {
    private static let readable = EgressRule(
        id: "r", scheme: .https, host: "api.example", port: 443, methods: ["GET"], pathPrefix: "/v1", intercept: true)
    private static let opaque = EgressRule(id: "o", scheme: .https, host: "*.example", port: 443)

    private static func target(_ host: String, _ port: Int = 443) throws -> EgressTarget {
        EgressTarget(host: try #require(EgressHost(host)), port: port)
    }

    private static func request(_ method: String, _ path: String, _ host: String = "api.example") throws
        -> ReadableRequest
    {
        ReadableRequest(scheme: .https, target: try target(host), method: method, path: path)
    }

    private static func id(_ result: Result<EgressRule, Denial>) -> String {
        switch result {
        case .success(let rule): rule.id
        case .failure(let denial): "!\(denial.reason)"
        }
    }

    @Test func nothingIsAllowedWithoutARule() throws {
        #expect(Self.id(RuleSet([]).decide(try Self.target("api.example"))) == "!noRule")
        let rules = RuleSet([Self.readable])
        #expect(Self.id(rules.decide(try Self.target("api.example", 444))) == "!noRule")
        #expect(Self.id(rules.decide(try Self.target("xapi.example"))) == "!noRule")
        #expect(Self.id(rules.decide(try Self.target("8.8.8.8"))) == "!addressNotListed")
    }

    @Test func theFirstRuleThatAllowsDecides() throws {
        let rules = RuleSet([Self.readable, Self.opaque])
        #expect(Self.id(rules.decide(try Self.target("api.example"))) == "r")
        #expect(Self.id(rules.decide(try Self.target("b.example"))) == "o")
        #expect(Self.id(rules.decide(try Self.request("GET", "/v1/x"))) == "r")
        #expect(Self.id(rules.decide(try Self.request("POST", "/v2"))) == "o")
        let strict = RuleSet([Self.readable])
        #expect(Self.id(strict.decide(try Self.request("POST", "/v1"))) == "!methodNotAllowed")
        #expect(Self.id(strict.decide(try Self.request("GET", "/v2"))) == "!pathNotAllowed")
        #expect(Self.id(strict.decide(try Self.request("GET", "/v1/../v2"))) == "!ambiguousPath")
    }

    @Test func traceShowsNobodyACredential() throws {
        let rules = RuleSet([Self.opaque])
        for method in ["TRACE", "trace", "Track", "CONNECT"] {
            #expect(Self.id(rules.decide(try Self.request(method, "/"))) == "!methodNotAllowed")
        }
    }

    @Test func denialsWinWhereverTheyStand() throws {
        var path = EgressRule(id: "d", scheme: .https, host: "api.example", port: 443, pathPrefix: "/v1/secret")
        path.effect = .deny
        var host = EgressRule(id: "h", scheme: .https, host: "*.example", port: 443)
        host.effect = .deny
        let rules = RuleSet([Self.readable, path])
        #expect(Self.id(rules.decide(try Self.target("api.example"))) == "r")
        #expect(Self.id(rules.decide(try Self.request("GET", "/v1/x"))) == "r")
        #expect(Self.id(rules.decide(try Self.request("GET", "/v1/%73ecret/x"))) == "!deniedByRule")
        #expect(Self.id(RuleSet([Self.readable, host]).decide(try Self.target("api.example"))) == "!deniedByRule")
        #expect(Self.id(RuleSet([Self.readable, host]).decide(try Self.request("GET", "/v1"))) == "!deniedByRule")
        // What cannot be seen could be what is denied.
        #expect(Self.id(RuleSet([Self.opaque, path]).decide(try Self.target("api.example"))) == "!deniedByRule")
        #expect(Self.id(RuleSet([Self.opaque, path]).decide(try Self.target("b.example"))) == "o")
    }

    @Test func doubtfulRulesAllowNothing() throws {
        func check(_ change: (inout EgressRule) -> Void) -> EgressRuleError? {
            var rule = Self.opaque
            change(&rule)
            do throws(EgressRuleError) { try rule.check() } catch { return error }
            return nil
        }
        #expect(check { _ in } == nil)
        #expect(check { $0.id = "" } == .emptyId)
        #expect(check { $0.host = "127.1" } == .invalidHost("127.1"))
        #expect(check { $0.port = 0 } == .invalidPort(0))
        #expect(check { $0.methods = ["GET"] } == .needsReadableRequests("methods"))
        #expect(check { $0.pathPrefix = "/" } == .needsReadableRequests("pathPrefix"))
        #expect(
            check {
                $0.scheme = .http; $0.intercept = true
            } == .interceptWithoutTLS)
        #expect(
            check {
                $0.intercept = true; $0.methods = ["TRACE"]
            } == .invalidMethod("TRACE"))
        #expect(
            check {
                $0.intercept = true; $0.pathPrefix = "/a/../b"
            } == .invalidPathPrefix("/a/../b"))
        #expect(
            check {
                $0.intercept = true; $0.pathPrefix = "/a%20b"
            } == .invalidPathPrefix("/a%20b"))
        let token = CredentialReference(secret: "s", placement: .bearer)
        #expect(check { $0.credential = token } == .needsReadableRequests("credential"))
        #expect(
            check {
                $0.scheme = .http; $0.credential = token
            } == .credentialInTheClear)
        #expect(
            check {
                $0.scheme = .http; $0.credential = token; $0.allowPrivate = true
            } == nil)
        let host = CredentialReference(secret: "s", placement: .header(name: "Host"))
        #expect(
            check {
                $0.intercept = true; $0.credential = host
            } == .invalidHeaderName("Host"))
        #expect(check { $0.certificateAuthorityFile = "/x" } == .authorityWithoutInterception)
        #expect(
            check {
                $0.intercept = true; $0.allowMissingServerName = true
            } == .serverNameSettingWithoutOpaqueTLS)
        #expect(check { $0.maximumBytes = -1 } == .negativeLimit)
        var broken = Self.opaque
        broken.port = -1
        #expect(Self.id(RuleSet([broken]).decide(try Self.target("b.example"))) == "!noRule")
        // Of two rules with one id only the first counts.
        var second = Self.opaque
        second.host = "second.test"
        #expect(Self.id(RuleSet([Self.opaque, second]).decide(try Self.target("second.test"))) == "!noRule")
    }

    @Test func openConnectionsAreJudgedByTheNewRules() throws {
        let target = try Self.target("b.example")
        func stillAllows(_ change: (inout EgressRule) -> Void) -> Bool {
            var rule = Self.opaque
            change(&rule)
            return RuleSet([rule]).stillAllows(ruleId: "o", target: target, request: nil, like: Self.opaque)
        }
        #expect(stillAllows { $0.maximumBytes = 5 })
        #expect(!stillAllows { $0.id = "p" })
        #expect(!stillAllows { $0.host = "c.example" })
        #expect(!stillAllows { $0.port = 444 })
        #expect(!stillAllows { $0.intercept = true })
        #expect(!stillAllows { $0.effect = .deny })
    }
}
