import JSON
import Policy
import TestSupport
import Testing

/// What a network rule means, and how layers put together narrow it.
struct EgressTests {
    // MARK: Rules

    static let canonical: [(String, String)] = [
        ("https://pypi.org", "https://pypi.org:443"),
        ("https://*.PyPI.org", "https://*.pypi.org:443"),
        ("http://localhost:8080/", "http://localhost:8080"),
        (
            "https://files.pythonhosted.org:443/packages/ GET,HEAD",
            "https://files.pythonhosted.org:443/packages GET,HEAD"
        ),
        ("https://a.example/b HEAD,GET", "https://a.example:443/b GET,HEAD"),
        ("tcp://10.1.2.3:5432", "tcp://10.1.2.3:5432"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example:443"),
        ("https://_dmarc.example.com/a-b/c~d POST", "https://_dmarc.example.com:443/a-b/c~d POST"),
    ]

    @Test(arguments: canonical)
    func aRuleHasOneText(_ text: String, _ expected: String) throws {
        let permission = try EgressPermission(text)
        #expect(permission.description == expected)
        #expect(try EgressPermission(permission.description) == permission)
    }

    @Test(arguments: [
        "", "pypi.org", "ftp://pypi.org", "https://", "https:///path", "https://a b c d", "https://*", "https://*.",
        "https://*.org", "https://a.*.org", "https://*a.org", "https://a..org", "https://a.org.", "https://.a.org",
        "https://user@a.org", "https://a.org:", "https://a.org:0", "https://a.org:65536", "https://a.org:+80",
        "https://a.org:99999999999999999999", "https://a.org/%2e%2e", "https://a.org/a/../b", "https://a.org/./b",
        "https://a.org//b", "https://a.org/a?b=c", "https://a.org/a#b", "https://a.org/a;b", "https://a.org/*",
        "https://a.org/a\\b", "https://a.org get", "https://a.org GET,", "https://a.org ,GET", "https://a.org CONNECT",
        "https://a.org TRACE", "https://a.org GET POST", "tcp://a.org", "tcp://a.org:22/path", "tcp://a.org:22 GET",
        "https://127.1", "https://0177.0.0.1", "https://0x7f.0.0.1", "https://2130706433", "https://1.2.3.4.5",
        "https://256.1.1.1", "https://1.2.3", "https://*.1.2.3.4", "https://[::1", "https://[1.2.3.4]", "https://::1",
        "https://[::1]x", "https://b\u{FC}cher.example", "https://a.org\u{0}.evil", "https://a.org/\r\nHost:b",
        "https://a.org\t", "https://\(String(repeating: "a.", count: 130))b",
    ])
    func whatIsNoRuleIsAnError(_ text: String) {
        #expect(throws: PolicyError.self, "\(text)") { try EgressPermission(text) }
    }

    @Test func aRuleMayBeAMapping() throws {
        #expect(try EgressPermission(json: ["host": "pypi.org"]).description == "https://pypi.org:443")
        let long: JSON = ["scheme": "http", "host": "a.org", "port": 8080, "path": "/x", "methods": ["GET"]]
        #expect(try EgressPermission(json: long).description == "http://a.org:8080/x GET")
        for wrong: JSON in [
            [:], ["host": 1], ["host": "a.org", "port": "80"], ["host": "a.org", "methods": "GET"],
            ["host": "a.org", "methods": []], ["host": "a.org", "scheme": "gopher"], ["host": "a.org", "path": "x"],
            ["host": "a.org", "credential": "token"], ["host": "a.org", "intercept": true], [1], 1,
        ] {
            #expect(throws: PolicyError.self, "\(wrong.text)") { try EgressPermission(json: wrong) }
        }
    }

    @Test func aWildcardIsForNamesBeneathTheDomain() throws {
        let rule = try EgressPermission("https://*.pypi.org")
        func allows(_ host: String) -> Bool { rule.matches(EgressRequest(scheme: .https, host: host, port: 443)) }
        #expect(allows("test.pypi.org"))
        #expect(allows("a.b.pypi.org"))
        for host in ["pypi.org", ".pypi.org", "evilpypi.org", "pypi.org.evil.com", "pypi.orgs", "test.pypi.org."] {
            #expect(!allows(host), "\(host)")
        }
    }

    @Test func pathsAreTakenByWholeParts() throws {
        let rule = try EgressPermission("https://a.org/team/repo GET")
        func allows(_ path: String, _ method: String = "GET") -> Bool {
            rule.matches(EgressRequest(scheme: .https, host: "a.org", port: 443, method: method, path: path))
        }
        #expect(allows("/team/repo"))
        #expect(allows("/team/repo/info"))
        #expect(!allows("/team/repository"))
        #expect(!allows("/team"))
        #expect(!allows("/team/repo", "POST"))
    }

    @Test func schemeAndPortAreExact() throws {
        let rule = try EgressPermission("https://a.org")
        #expect(!rule.matches(EgressRequest(scheme: .http, host: "a.org", port: 443)))
        #expect(!rule.matches(EgressRequest(scheme: .tcp, host: "a.org", port: 443)))
        #expect(!rule.matches(EgressRequest(scheme: .https, host: "a.org", port: 8443)))
    }

    // MARK: Layers

    private func layer(_ name: String, _ json: JSON) throws -> PolicyLayer {
        try PolicyLayer(name: name, json: ["egress": json])
    }

    private func texts(_ layers: [PolicyLayer], _ phase: EgressLayer.Phase = .agent) -> [String] {
        EffectivePolicy(layers: layers).egress(phase).allowed.map(\.description)
    }

    @Test func nothingIsAllowedUnlessTheServiceDoes() throws {
        let repository = try layer("repository", ["https://pypi.org"])
        #expect(texts([]) == [])
        #expect(texts([.builtIn()]) == [])
        #expect(texts([.builtIn(), repository]) == [])
        #expect(texts([.builtIn(egress: [try EgressPermission("https://*.pypi.org")])]) == ["https://*.pypi.org:443"])
    }

    @Test func layersNarrow() throws {
        let service = PolicyLayer.builtIn(
            egress: try ["https://*.example.com", "https://pypi.org", "http://mirror.test:8080"].map {
                try EgressPermission($0)
            })
        let organisation = try layer("organisation", ["https://api.example.com/v1 GET,POST", "https://pypi.org"])
        let repository = try layer("repository", ["https://*.example.com GET", "https://pypi.org", "https://evil.com"])
        #expect(texts([service, organisation]) == ["https://api.example.com:443/v1 GET,POST", "https://pypi.org:443"])
        #expect(
            texts([service, organisation, repository]) == [
                "https://api.example.com:443/v1 GET", "https://pypi.org:443",
            ])
        #expect(texts([service, organisation, try layer("session", [])]) == [])
        #expect(texts([service, .failed(name: "user", reason: "unreadable")]) == [])
    }

    @Test func denialsAddUp() throws {
        let service = PolicyLayer.builtIn(egress: [try EgressPermission("https://*.example.com")])
        let one = try layer("organisation", ["deny": ["https://a.example.com"]])
        let two = try layer("repository", ["deny": ["https://b.example.com", "https://a.example.com"]])
        let egress = EffectivePolicy(layers: [service, one, two]).egress(.agent)
        #expect(egress.denied.map(\.description) == ["https://a.example.com:443", "https://b.example.com:443"])
        func allows(_ host: String) -> Bool { egress.allows(EgressRequest(scheme: .https, host: host, port: 443)) }
        #expect(allows("c.example.com"))
        #expect(!allows("a.example.com"))
        #expect(!allows("b.example.com"))
    }

    @Test func setupMayHaveMoreButNotByLeavingItOut() throws {
        let service = PolicyLayer.builtIn(
            egress: [try EgressPermission("https://pypi.org")],
            setup: try ["https://pypi.org", "https://deb.debian.org"].map { try EgressPermission($0) })
        #expect(texts([service]) == ["https://pypi.org:443"])
        #expect(texts([service], .setup) == ["https://pypi.org:443", "https://deb.debian.org:443"])
        let closed = try layer("repository", [])
        #expect(texts([service, closed], .setup) == [])
        let setupOnly = try layer("repository", ["allow": [], "setup": ["https://deb.debian.org"]])
        #expect(texts([service, setupOnly]) == [])
        #expect(texts([service, setupOnly], .setup) == ["https://deb.debian.org:443"])
    }

    @Test func aLayersPartIsReadStrictly() throws {
        for wrong: JSON in [
            "https://a.org", 1, ["alow": []], ["allow": "https://a.org"], ["pypi.org"],
            ["deny": [["host": "a.org", "credential": "x"]]],
        ] {
            #expect(throws: PolicyError.self, "\(wrong.text)") { try layer("x", wrong) }
        }
        let many = JSON.array((0..<257).map { .string("https://a\($0).org") })
        #expect(throws: PolicyError.self) { try layer("x", many) }
    }

    // MARK: Laws

    /// A small world, so that rules meet often.
    private struct World {
        var generator: SeededGenerator
        static let hosts = ["a.x.org", "b.x.org", "x.org", "c.a.x.org", "y.org"]
        static let patterns = hosts + ["*.x.org", "*.a.x.org", "*.y.org"]
        static let paths: [String?] = [nil, "/p", "/p/q", "/pq"]
        static let methods: [Set<String>?] = [nil, ["GET"], ["GET", "POST"], ["PUT"]]

        mutating func pick<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &generator)] }

        mutating func permission() throws -> EgressPermission {
            let scheme = pick([EgressPermission.Scheme.http, .https])
            return try EgressPermission(
                scheme: scheme, host: pick(Self.patterns), port: pick([nil, nil, 8080]), path: pick(Self.paths),
                methods: pick(Self.methods))
        }

        mutating func layer(_ name: String) throws -> PolicyLayer {
            var layer = PolicyLayer(name: name)
            if pick([true, true, false]) {
                layer.egress.allow = try (0..<Int.random(in: 0...6, using: &generator)).map { _ in try permission() }
            }
            if pick([true, false, false, false]) {
                layer.egress.setup = try (0..<Int.random(in: 0...6, using: &generator)).map { _ in try permission() }
            }
            layer.egress.deny = try (0..<pick([0, 0, 0, 1])).map { _ in try permission() }
            return layer
        }

        static let requests: [EgressRequest] = hosts.flatMap { host in
            [EgressPermission.Scheme.http, .https].flatMap { scheme in
                [80, 443, 8080].flatMap { port in
                    ["GET", "POST", "PUT", "DELETE"].flatMap { method in
                        ["/", "/p", "/p/q", "/p/q/r", "/pq", "/z"].map { path in
                            EgressRequest(scheme: scheme, host: host, port: port, method: method, path: path)
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: 0..<40)
    func intersectionIsOfTheRequests(_ seed: Int) throws {
        var world = World(generator: SeededGenerator(seed: UInt64(seed)))
        for _ in 0..<10 {
            let (one, other) = (try world.permission(), try world.permission())
            let both = one.intersection(other)
            #expect(both == other.intersection(one))
            for request in World.requests {
                let expected = one.matches(request) && other.matches(request)
                #expect((both?.matches(request) ?? false) == expected, "\(one) ∩ \(other): \(request)")
            }
            #expect(one.covers(one))
            if let both { #expect(one.covers(both) && other.covers(both)) }
        }
    }

    @Test(arguments: 0..<60)
    func layersObeyTheLaws(_ seed: Int) throws {
        var world = World(generator: SeededGenerator(seed: UInt64(seed) &+ 1000))
        let layers = try (0..<4).map { try world.layer("layer \($0)") }
        for phase in EgressLayer.Phase.allCases {
            let whole = EffectivePolicy(layers: layers).egress(phase)
            let shuffled = EffectivePolicy(layers: layers.shuffled(using: &world.generator)).egress(phase)
            let statedByAny = layers.contains { $0.egress.allow != nil || (phase == .setup && $0.egress.setup != nil) }
            let fewer = EffectivePolicy(layers: Array(layers.dropLast())).egress(phase)
            let fewerState = layers.dropLast().contains {
                $0.egress.allow != nil || (phase == .setup && $0.egress.setup != nil)
            }
            for request in World.requests {
                // What the definition says, without any intersecting.
                let expected =
                    statedByAny
                    && layers.allSatisfy { layer in
                        let stated = phase == .setup ? layer.egress.setup ?? layer.egress.allow : layer.egress.allow
                        return stated.map { $0.contains { $0.matches(request) } } ?? true
                    } && !layers.contains { $0.egress.deny.contains { $0.matches(request) } }
                #expect(whole.allows(request) == expected, "\(request)")
                #expect(shuffled.allows(request) == expected, "the order matters for \(request)")
                // Over a base that states something, one more layer never allows more.
                if fewerState, whole.allows(request) { #expect(fewer.allows(request), "a layer widened \(request)") }
            }
        }
    }

    /// Whatever a repository says, it reaches nothing that the service's own rules do not.
    @Test(arguments: 0..<20)
    func aRepositoryNeverReachesFurtherThanTheService(_ seed: Int) throws {
        var world = World(generator: SeededGenerator(seed: UInt64(seed) &+ 5000))
        let granted = try (0..<3).map { _ in try world.permission() }
        let base = PolicyLayer.builtIn(egress: granted, setup: granted)
        let layers = try [base] + (0..<3).map { try world.layer("layer \($0)") }
        for phase in EgressLayer.Phase.allCases {
            for permission in EffectivePolicy(layers: layers).egress(phase).allowed {
                #expect(granted.contains { $0.covers(permission) }, "\(permission)")
            }
        }
    }

    @Test func anUnboundedProductIsCut() throws {
        let some = try (0..<256).map {
            try EgressPermission("https://*.a\($0 % 16).example.com GET,M\(String(repeating: "X", count: $0 / 16))")
        }
        let layers = [PolicyLayer.builtIn(egress: some), PolicyLayer.builtIn(egress: some)]
        #expect(EffectivePolicy(layers: layers).egress(.agent).allowed.count <= 1024)
    }

    @Test func layersAreKeptWhole() throws {
        let layer = try PolicyLayer(
            name: "x", json: ["egress": ["allow": ["https://a.org/b GET"], "setup": [], "deny": ["tcp://c.org:1"]]])
        #expect(try JSONCoder.decode(PolicyLayer.self, from: JSONCoder.encode(layer)) == layer)
    }
}
