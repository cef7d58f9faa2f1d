import Glibc
import NIOCore
import TestSupport
import Testing

@testable import Egress

/// The gateway's own behaviour, by clients that send exactly what a test says.
@Suite struct GatewayTests {
    private static let names = RealPeerTests.names

    private static func plain(_ peer: Peer, _ change: (inout EgressRule) -> Void = { _ in }) -> EgressRule {
        RealPeerTests.rule("plain", .http, "plain.test", peer.http, change)
    }

    private static func echo(_ peer: Peer, _ change: (inout EgressRule) -> Void = { _ in }) -> EgressRule {
        RealPeerTests.rule("echo", .tcp, "plain.test", peer.echo, change)
    }

    /// A tunnel to the echoing host, open.
    private static func tunnel(_ harness: GatewayHarness, _ peer: Peer) async throws -> RawClient {
        try await offLoop {
            let client = try RawClient(port: harness.httpPort)
            try client.send("CONNECT plain.test:\(peer.echo) HTTP/1.1\r\nHost: plain.test:\(peer.echo)\r\n\r\n")
            #expect(client.readHead() == "HTTP/1.1 200 Connection established\r\n\r\n")
            return client
        }
    }

    // MARK: Requests that are no requests

    @Test func malformedRequestsAreRefusedAndNothingAfterThemIsRead() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.plain(peer)], names: Self.names)
        let (url, host) = ("http://plain.test:\(peer.http)", "plain.test:\(peer.http)")
        let smuggled = "GET \(url)/bytes/7 HTTP/1.1\r\nHost: \(host)\r\n\r\n"
        let requests = [
            "POST \(url)/echo HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST \(url)/echo HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n",
            "POST \(url)/echo HTTP/1.1\r\nHost: \(host)\r\nTransfer-Encoding: x\r\n\r\n",
            "GET \(url)/echo HTTP/1.1\r\nHost: other.test\r\n\r\n",
            "GET \(url)/echo HTTP/1.1\r\nHost: \(host)\r\nHost: \(host)\r\n\r\n",
            "GET \(url)/echo HTTP/1.1\r\nHost : \(host)\r\n\r\n",
            "GET \(url)/echo HTTP/1.1\r\nHost: \(host)\r\nX: a\r\n b\r\n\r\n",
            "GET \(url)/echo HTTP/1.1\nHost: \(host)\n\n",
            "GET /echo HTTP/1.1\r\nHost: \(host)\r\n\r\n",
            "GET https://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n",
            "GET http://x@\(host)/echo HTTP/1.1\r\nHost: \(host)\r\n\r\n",
            "GET \(url)//echo HTTP/1.1\r\nHost: \(host)\r\n\r\n",
            "CONNECT plain.test HTTP/1.1\r\nHost: plain.test\r\n\r\n",
            "CONNECT plain.test:\(peer.http) HTTP/1.1\r\nHost: other.test\r\n\r\n",
            "CONNECT plain.test:\(peer.http) HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 5\r\n\r\n",
            "CONNECT 127.1:\(peer.http) HTTP/1.1\r\nHost: x\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]
        for request in requests {
            let answer = try await harness.exchange(request + smuggled)
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(request) → \(answer)")
            #expect(answer.contains("Connection: close"))
            #expect(!answer.contains("xxxxxxx"), "\(request)")
        }
        #expect(!harness.decisions.contains { $0.verdict == .allow })
    }

    @Test func aDeniedConnectionEndsWithItsDenial() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.plain(peer)], names: Self.names)
        let answer = try await harness.exchange(
            "CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n"
                + "GET http://plain.test:\(peer.http)/echo HTTP/1.1\r\nHost: plain.test:\(peer.http)\r\n\r\n")
        #expect(
            answer.hasPrefix(
                "HTTP/1.1 403 Forbidden: no rule allows this host and port\r\nX-Cofferdam-Egress: denied\r\n"))
        #expect(answer.contains("A rule that allows it: scheme https, host evil.test, port 443."))
        #expect(!answer.contains("200 OK"))
        #expect(harness.decisions.map(\.reason) == [.noRule])
    }

    @Test func eachRequestOfAConnectionIsDecided() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.plain(peer) { $0.pathPrefix = "/bytes" }], names: Self.names)
        let (url, host) = ("http://plain.test:\(peer.http)", "plain.test:\(peer.http)")
        let answer = try await harness.exchange(
            "GET \(url)/bytes/3 HTTP/1.1\r\nHost: \(host)\r\n\r\n" + "GET \(url)/echo HTTP/1.1\r\nHost: \(host)\r\n\r\n"
                + "GET http://evil.test/bytes HTTP/1.1\r\nHost: evil.test\r\n\r\n"
                + "GET \(url)/bytes/4 HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        let statuses = answer.split(separator: "HTTP/1.1 ").dropFirst(0).map { String($0.prefix(3)) }
        #expect(statuses == ["200", "403", "403", "200"], "\(answer)")
        #expect(answer.contains("xxx") && answer.contains("xxxx"))
    }

    /// The end of the host's connection is not that of the client's.
    @Test func whatWaitsIsAnsweredThoughTheHostCloses() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.plain(peer)], names: Self.names)
        let (url, host) = ("http://plain.test:\(peer.http)", "plain.test:\(peer.http)")
        let answer = try await harness.exchange(
            "GET \(url)/close-openly HTTP/1.1\r\nHost: \(host)\r\n\r\n"
                + "GET /secret HTTP/1.1\r\nHost: evil.test\r\n\r\n")
        let statuses = answer.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) }
        #expect(statuses == ["200", "400"], "\(answer)")
    }

    @Test func refusalsOnOneConnectionAreBounded() async throws {
        let harness = try GatewayHarness(rules: [])
        let request = "GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n"
        let answer = try await harness.exchange(String(repeating: request, count: 500))
        #expect(answer.split(separator: "HTTP/1.1 ").count == 64)
        #expect(harness.decisions.count == 64)
    }

    @Test func responsesAreReadAsStrictly() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.plain(peer)], names: Self.names)
        for path in ["/split", "/proxy-authenticate"] {
            let done = try await harness.curl(["-i", "http://plain.test:\(peer.http)\(path)"])
            #expect(done.text.hasPrefix("HTTP/1.1 502"), "\(done.text)")
        }
        let fields = try await harness.curl(["-i", "http://plain.test:\(peer.http)/fields"])
        #expect(fields.text.hasSuffix("ok"))
        #expect(!fields.text.lowercased().contains("alt-svc") && !fields.text.lowercased().contains("x-private"))
        #expect(harness.decisions.filter { $0.reason == .invalidResponse }.count == 2)
    }

    @Test func upgradesAreNotPassedOn() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.plain(peer)], names: Self.names)
        let done = try await harness.curl([
            "-H", "Connection: Upgrade, HTTP2-Settings", "-H", "Upgrade: h2c", "-H", "HTTP2-Settings: AAMAAABk",
            "http://plain.test:\(peer.http)/echo",
        ])
        #expect(done.exitCode == 0)
        #expect(!done.text.lowercased().contains("upgrade") && !done.text.lowercased().contains("http2-settings"))
    }

    // MARK: Where names lead

    @Test(arguments: [
        ["10.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"], ["0.0.0.0"], ["::1", "127.0.0.1"], ["64:ff9b::7f00:1"],
        ["fd00:ec2::254"], ["224.0.0.1"],
    ])
    func namesThatLeadToPrivateAddressesAreRefused(addresses: [String]) async throws {
        var rule = EgressRule(id: "r", scheme: .tcp, host: "public.test", port: 80)
        let harness = try GatewayHarness(rules: [rule], names: ["public.test": addresses])
        let answer = try await harness.exchange("CONNECT public.test:80 HTTP/1.1\r\nHost: public.test:80\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 403"))
        #expect(harness.decisions.map(\.reason) == [.privateAddress])
        // Metadata and disguises stay closed to a rule for private hosts as well.
        if addresses.count == 1, !["10.0.0.1"].contains(addresses[0]) {
            rule.allowPrivate = true
            harness.gateway.replace(rules: [rule])
            let again = try await harness.exchange("CONNECT public.test:80 HTTP/1.1\r\nHost: public.test:80\r\n\r\n")
            #expect(again.hasPrefix("HTTP/1.1 403"))
        }
    }

    @Test func privateAnswersAreSkippedAndTheOthersTriedInTurn() async throws {
        let peer = try Peer.shared.get()
        // Nobody listens on the first of the usable ones.
        let harness = try GatewayHarness(
            rules: [Self.echo(peer)],
            names: ["plain.test": ["169.254.169.254", "127.0.0.9", "::ffff:127.0.0.1", "127.0.0.1"]])
        _ = try await Self.tunnel(harness, peer)
        let opened = await harness.decision { $0.phase == .opened }
        #expect(opened?.address == "127.0.0.1")
    }

    @Test func addressesMustBeListedExactly() async throws {
        let peer = try Peer.shared.get()
        let rule = RealPeerTests.rule("raw", .tcp, "127.0.0.1", peer.echo)
        let harness = try GatewayHarness(rules: [Self.echo(peer)], names: Self.names)
        func connect(_ host: String) async throws -> String {
            try await offLoop {
                let client = try RawClient(port: harness.httpPort)
                try client.send("CONNECT \(host):\(peer.echo) HTTP/1.1\r\nHost: \(host):\(peer.echo)\r\n\r\n")
                return String(client.readHead().prefix(12))
            }
        }
        #expect(try await connect("127.0.0.1") == "HTTP/1.1 403")
        harness.gateway.replace(rules: [rule])
        #expect(try await connect("127.0.0.1") == "HTTP/1.1 200")
        #expect(try await connect("127.0.0.2") == "HTTP/1.1 403")
        #expect(try await connect("[::ffff:127.0.0.1]") == "HTTP/1.1 403")
        for disguise in ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1."] {
            #expect(try await connect(disguise) == "HTTP/1.1 400")
        }
    }

    @Test func failuresToReachAHostAreTold() async throws {
        let peer = try Peer.shared.get()
        let rules = [
            RealPeerTests.rule("none", .tcp, "none.test", 1), RealPeerTests.rule("closed", .tcp, "plain.test", 1),
            Self.echo(peer),
        ]
        let harness = try GatewayHarness(rules: rules, names: Self.names)
        #expect(
            try await harness.exchange("CONNECT none.test:1 HTTP/1.1\r\nHost: none.test:1\r\n\r\n").contains(
                "no such name"))
        #expect(
            try await harness.exchange("CONNECT plain.test:1 HTTP/1.1\r\nHost: plain.test:1\r\n\r\n")
                .contains("connection refused"))
        func socks(_ host: String, _ port: Int) async throws -> [UInt8] {
            try await offLoop {
                let client = try RawClient(port: harness.socksPort)
                try client.send([5, 1, 0, 5, 1, 0, 3, UInt8(host.utf8.count)] + Array(host.utf8))
                try client.send([UInt8(port >> 8), UInt8(port & 255)])
                return Array(client.read(4).suffix(2))
            }
        }
        #expect(try await socks("none.test", 1) == [5, 4])
        #expect(try await socks("plain.test", 1) == [5, 5])
        #expect(try await socks("evil.test", 1) == [5, 2])
        #expect(try await socks("plain.test", peer.echo) == [5, 0])
    }

    // MARK: Tunnels

    @Test func halfClosedTunnelsCarryEverything() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.echo(peer)], names: Self.names)
        let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let client = try await Self.tunnel(harness, peer)
        async let received = offLoop { client.readToEnd() }
        try await offLoop {
            try client.send(bytes)
            client.endOutput()
        }
        #expect(try await received == bytes)
        let closed = await harness.decision { $0.phase == .closed }
        #expect(closed?.reason == .finished)
        #expect(closed?.bytesUp == bytes.count && closed?.bytesDown == bytes.count)
    }

    @Test func aSlowReaderHoldsTheHostBack() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.plain(peer)], names: Self.names)
        let client = try await offLoop {
            let client = try RawClient(port: harness.httpPort)
            let host = "plain.test:\(peer.http)"
            try client.send("GET http://\(host)/bytes/200000000 HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
            _ = client.readHead()
            return client
        }
        // The sockets' own buffers and the gateway's take some megabytes of the two hundred.
        harness.gateway.replace(rules: [])
        let closed = await harness.decision { $0.phase == .closed }
        #expect(closed?.reason == .ruleWithdrawn)
        #expect((closed?.bytesDown ?? .max) < 50_000_000)
        _ = client
    }

    @Test func aSecondHelloIsHeldToTheSameName() async throws {
        let peer = try Peer.shared.get()
        let rule = RealPeerTests.rule("tls", .https, "secure.test", peer.retrying)
        let harness = try GatewayHarness(rules: [rule], names: Self.names)
        let url = "https://secure.test:\(peer.retrying)/bytes/100"
        let good = try await harness.curl(["--cacert", peer.authorityFile, "--tlsv1.3", url])
        #expect(good.output.count == 100, "\(good.errorText)")
        let hello = try HelloTests.real("secure.test")
        let evil = HelloTests.made(extensions: HelloTests.serverName("evil.test"))
        let answer = try await offLoop {
            let client = try RawClient(port: harness.httpPort)
            let host = "secure.test:\(peer.retrying)"
            try client.send("CONNECT \(host) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            _ = client.readHead()
            try client.send(hello)
            let first = client.read(5 + 4 + 2 + 32)
            #expect(first.suffix(32).elementsEqual(ServerFirstFlight.retryRandom))
            try client.send(evil)
            return client.readToEnd()
        }
        #expect(answer.suffix(7) == [21, 3, 3, 0, 2, 2, 112])
        let refused = await harness.decision { $0.verdict == .deny }
        #expect(refused?.reason == .serverNameMismatch)
        #expect(refused?.phase == .closed)
    }

    // MARK: Limits

    @Test func theByteLimitEndsWhatIsOpen() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.echo(peer) { $0.maximumBytes = 100_000 }], names: Self.names)
        let client = try await Self.tunnel(harness, peer)
        async let received = offLoop { client.readToEnd() }
        try? await offLoop { try client.send([UInt8](repeating: 1, count: 1_000_000)) }
        let count = try await received.count
        #expect(count <= 100_000)
        let closed = await harness.decision { $0.phase == .closed }
        #expect(closed?.reason == .byteLimit)
        #expect(closed?.verdict == .deny)
        #expect((closed?.bytesUp ?? 0) + (closed?.bytesDown ?? 0) <= 100_000)
        let again = try await harness.exchange("CONNECT plain.test:\(peer.echo) HTTP/1.1\r\nHost: plain.test\r\n\r\n")
        #expect(again.contains("the rule's byte limit is reached"))
    }

    @Test func theByteLimitCutsAResponse() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.plain(peer) { $0.maximumBytes = 100_000 }], names: Self.names)
        let done = try await harness.curl(["http://plain.test:\(peer.http)/bytes/1000000"])
        #expect(done.exitCode == 18, "\(done.errorText)")
        #expect(done.output.count < 100_000)
        let closed = await harness.decision { $0.phase == .closed }
        #expect(closed?.reason == .byteLimit)
        #expect(closed?.path == "/bytes/1000000")
    }

    @Test func theConnectionLimitIsGivenBack() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.echo(peer) { $0.maximumConnections = 1 }], names: Self.names)
        let client = try await Self.tunnel(harness, peer)
        let second = try await harness.exchange("CONNECT plain.test:\(peer.echo) HTTP/1.1\r\nHost: plain.test\r\n\r\n")
        #expect(second.contains("the rule's connection limit is reached"))
        try await offLoop {
            client.endOutput()
            _ = client.readToEnd()
        }
        #expect(await harness.decision { $0.reason == .finished } != nil)
        _ = try await Self.tunnel(harness, peer)
    }

    @Test func aSessionHasOnlySoManyConnections() async throws {
        let peer = try Peer.shared.get()
        var limits = EgressLimits.patient
        limits.maxConnections = 2
        let harness = try GatewayHarness(rules: [Self.echo(peer)], names: Self.names, limits: limits)
        let open = [try await Self.tunnel(harness, peer), try await Self.tunnel(harness, peer)]
        let answer = try await offLoop { try RawClient(port: harness.httpPort).readTextToEnd() }
        #expect(answer.hasPrefix("HTTP/1.1 503"))
        #expect(harness.decisions.contains { $0.reason == .tooManyConnections })
        try await offLoop {
            for client in open {
                client.endOutput()
                _ = client.readToEnd()
            }
        }
    }

    @Test func whoDoesNotSpeakInTimeIsClosed() async throws {
        let peer = try Peer.shared.get()
        var limits = EgressLimits.patient
        limits.handshakeTimeout = .milliseconds(300)
        limits.idleTimeout = .milliseconds(300)
        let rules = [Self.echo(peer), RealPeerTests.rule("tls", .https, "plain.test", peer.https)]
        let harness = try GatewayHarness(rules: rules, names: Self.names, limits: limits)
        for start in ["", "GET http://plain", "CONNECT plain.test:\(peer.https) HTTP/1.1\r\nHost: plain.test\r\n\r\n"] {
            _ = try await harness.exchange(start)
        }
        let client = try await Self.tunnel(harness, peer)
        #expect(try await offLoop { client.readToEnd() } == [])
        #expect(await harness.decision { $0.reason == .idle } != nil)
        #expect(harness.decisions.filter { $0.reason == .handshakeTimeout }.count == 2)
    }

    // MARK: Changes

    @Test func changedRulesTakeEffectAtOnce() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.echo(peer)], names: Self.names)
        let kept = try await Self.tunnel(harness, peer)
        harness.gateway.replace(rules: [Self.plain(peer), Self.echo(peer) { $0.maximumConnections = 5 }])
        try await offLoop {
            try kept.send("still here")
            #expect(kept.read(10).elementsEqual("still here".utf8))
        }
        harness.gateway.replace(rules: [Self.plain(peer)])
        #expect(try await offLoop { kept.readToEnd() } == [])
        let closed = await harness.decision { $0.phase == .closed }
        #expect(closed?.reason == .ruleWithdrawn)
        #expect(closed?.bytesUp == 10)
        let answer = try await harness.exchange("CONNECT plain.test:\(peer.echo) HTTP/1.1\r\nHost: plain.test\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 403"))
    }

    @Test func closingEndsAndReportsEverything() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.echo(peer)], names: Self.names)
        let clients = [try await Self.tunnel(harness, peer), try await Self.tunnel(harness, peer)]
        await harness.gateway.close()
        #expect(harness.decisions.filter { $0.reason == .gatewayClosed }.count == 2)
        for client in clients { #expect(try await offLoop { client.readToEnd() } == []) }
        let late = try await harness.exchange("GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n")
        #expect(late.isEmpty)
    }

    @Test func otherDescriptorsAreClosed() throws {
        let harness = try GatewayHarness(rules: [])
        var pair: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let unconnected = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        for descriptor in [pair[0], file, unconnected] { harness.gateway.serve(descriptor: descriptor, kind: .http) }
        var byte: UInt8 = 0
        #expect(read(pair[1], &byte, 1) == 0)
        close(pair[1])
    }
}
