import JSON
import TestSupport
import Testing

@testable import Egress

/// Real clients and real hosts around the gateway.
@Suite struct RealPeerTests {
    static let names = [
        "plain.test": ["127.0.0.1"], "secure.test": ["127.0.0.1"], "a.secure.test": ["127.0.0.1"],
        "other.test": ["127.0.0.1"],
    ]

    static func rule(
        _ id: String, _ scheme: EgressRule.Scheme, _ host: String, _ port: Int,
        _ change: (inout EgressRule) -> Void = { _ in }
    ) -> EgressRule {
        var rule = EgressRule(id: id, scheme: scheme, host: host, port: port, allowPrivate: true)
        change(&rule)
        return rule
    }

    /// A rule that reads the requests to the TLS host.
    static func intercepting(_ peer: Peer, _ change: (inout EgressRule) -> Void = { _ in }) -> EgressRule {
        rule("secure", .https, "secure.test", peer.https) {
            $0.intercept = true
            $0.certificateAuthorityFile = peer.authorityFile
            change(&$0)
        }
    }

    /// The session's authority as a file for clients.
    static func trust(_ harness: GatewayHarness, in folder: TemporaryFolder) throws -> String {
        let name = "session-\(harness.httpPort).pem"
        try folder.write(name, try #require(harness.authority).certificatePEM)
        return "\(folder.path)/\(name)"
    }

    @Test func curlGetsPlainHTTPThroughBothProxies() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.rule("plain", .http, "plain.test", peer.http)], names: Self.names)
        for (socks, options) in [(false, []), (true, []), (false, ["-p"])] {
            let done = try await harness.curl(options + ["http://plain.test:\(peer.http)/echo?x=1"], socks: socks)
            #expect(done.exitCode == 0, "\(done.errorText)")
            #expect(try JSON(parsing: done.output)["path"]?.stringValue == "/echo?x=1")
        }
        let closed = await harness.decision { $0.phase == .closed }
        #expect(closed?.ruleId == "plain")
        #expect(closed?.method == "GET")
        #expect(closed?.path == "/echo")
        #expect(closed?.address == "127.0.0.1")
        #expect((closed?.bytesDown ?? 0) > 100)
    }

    @Test func curlKeepsOneConnectionForManyRequests() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.rule("plain", .http, "plain.test", peer.http)], names: Self.names)
        let base = "http://plain.test:\(peer.http)"
        let done = try await harness.curl([
            "\(base)/bytes/100000", "\(base)/chunked/300000", "\(base)/bytes/0", "\(base)/until-close", "-w",
            "%{num_connects}",
        ])
        #expect(done.exitCode == 0, "\(done.errorText)")
        let text = done.text
        #expect(text.utf8.filter { $0 == UInt8(ascii: "x") }.count == 100_000)
        #expect(text.utf8.filter { $0 == UInt8(ascii: "y") }.count == 300_000)
        #expect(text.utf8.filter { $0 == UInt8(ascii: "z") }.count == 100_000)
        #expect(text.utf8.filter { (0x30...0x39).contains($0) }.elementsEqual("1000".utf8))
    }

    @Test(arguments: [
        ["--data-binary", "@body"], ["-T", "body"], ["-H", "Transfer-Encoding: chunked", "-T", "body"],
    ])
    func curlUploads(how: [String]) async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.rule("plain", .http, "plain.test", peer.http)], names: Self.names)
        let folder = try TemporaryFolder()
        try folder.write("body", [UInt8](repeating: 0x62, count: 3_000_000))
        let arguments = how.map { $0.replacingLast("body", with: folder.path + "/body") }
        let done = try await harness.curl(arguments + ["http://plain.test:\(peer.http)/echo"])
        #expect(done.exitCode == 0, "\(done.errorText)")
        #expect(try JSON(parsing: done.output)["body"]?.intValue == 3_000_000)
        let closed = await harness.decision { $0.phase == .closed }
        #expect((closed?.bytesUp ?? 0) > 3_000_000)
    }

    @Test func opaqueTLSPassesWhenTheServerNameIsTheHost() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(
            rules: [Self.rule("secure", .https, "*.secure.test", peer.https)], names: Self.names)
        let url = "https://a.secure.test:\(peer.https)/bytes/200000"
        for socks in [false, true] {
            let done = try await harness.curl(["--cacert", peer.authorityFile, url], socks: socks)
            #expect(done.exitCode == 0, "\(done.errorText)")
            #expect(done.output.count == 200_000)
        }
        let closed = await harness.decision { $0.phase == .closed }
        #expect(closed?.verdict == .allow)
        #expect((closed?.bytesDown ?? 0) > 200_000)
        // The apex is not beneath itself.
        let apex = try await harness.curl(["--cacert", peer.authorityFile, "https://secure.test:\(peer.https)/"])
        #expect(apex.exitCode == 56, "\(apex.errorText)")
        #expect(apex.errorText.contains("403"))
    }

    @Test(arguments: [
        ("other.test", EgressReason.serverNameMismatch), ("", .serverNameMissing),
        ("secure.test.evil", .serverNameMismatch),
    ])
    func opensslWithAnotherServerNameIsRefused(name: String, reason: EgressReason) async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(
            rules: [Self.rule("secure", .https, "secure.test", peer.https)], names: Self.names)
        let done = try await harness.run(
            ["openssl", "s_client", "-proxy", "127.0.0.1:\(harness.httpPort)", "-connect", "secure.test:\(peer.https)"]
                + (name.isEmpty ? ["-noservername"] : ["-servername", name]))
        #expect(done.exitCode != 0)
        #expect(done.text.contains("no peer certificate available"))
        let decision = await harness.decision { $0.verdict == .deny }
        #expect(decision?.reason == reason)
        #expect(decision?.ruleId == "secure")
        // The right one passes, so that it is the name that made the difference.
        let good = try await harness.run([
            "openssl", "s_client", "-proxy", "127.0.0.1:\(harness.httpPort)", "-connect", "secure.test:\(peer.https)",
            "-servername", "secure.test",
        ])
        #expect(good.text.contains("BEGIN CERTIFICATE"), "\(good.errorText)")
    }

    @Test func plainBytesOnATLSRuleAreRefused() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(
            rules: [Self.rule("secure", .https, "plain.test", peer.http)], names: Self.names)
        let done = try await harness.curl(["-p", "http://plain.test:\(peer.http)/echo"])
        #expect(done.exitCode != 0)
        #expect(await harness.decision { $0.reason == .notTLS } != nil)
    }

    @Test func interceptedRequestsAreHeldToMethodAndPath() async throws {
        let peer = try Peer.shared.get()
        let rule = Self.intercepting(peer) {
            $0.methods = ["GET"]
            $0.pathPrefix = "/echo"
        }
        let harness = try GatewayHarness(rules: [rule], names: Self.names, intercepts: true)
        let authority = try Self.trust(harness, in: peer.folder)
        let base = "https://secure.test:\(peer.https)"
        func status(_ arguments: [String]) async throws -> String {
            let done = try await harness.curl(
                ["--cacert", authority, "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}"] + arguments)
            #expect(done.exitCode == 0, "\(done.errorText)")
            return done.text
        }
        #expect(try await status(["\(base)/echo"]) == "200")
        #expect(try await status(["\(base)/bytes/1"]) == "403")
        #expect(try await status(["-d", "x", "\(base)/echo"]) == "403")
        #expect(try await status(["\(base)/echo/../bytes/1"]) == "403")
        #expect(try await status(["\(base)/echo/%2e%2e/bytes/1"]) == "403")
        #expect(try await status(["-H", "Host: other.test", "\(base)/echo"]) == "400")
        let told = try await harness.curl(["--cacert", authority, "\(base)/bytes/1"])
        #expect(
            told.text.contains("A rule that allows it: scheme https, host secure.test, port \(peer.https), method GET"))
        #expect(await harness.decision { $0.reason == .ambiguousPath } != nil)
        #expect(await harness.decision { $0.reason == .methodNotAllowed && $0.method == "POST" } != nil)
    }

    @Test func interceptedBodiesPassWhole() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.intercepting(peer)], names: Self.names, intercepts: true)
        let authority = try Self.trust(harness, in: peer.folder)
        let folder = try TemporaryFolder()
        try folder.write("body", [UInt8](repeating: 0x62, count: 3_000_000))
        let base = "https://secure.test:\(peer.https)"
        let down = try await harness.curl(
            ["--cacert", authority, "\(base)/bytes/3000000", "\(base)/chunked/2000000", "\(base)/until-close"])
        #expect(down.output.count == 5_100_000, "\(down.errorText)")
        let up = try await harness.curl(["--cacert", authority, "-T", folder.path + "/body", "\(base)/echo"])
        #expect(try JSON(parsing: up.output)["body"]?.intValue == 3_000_000, "\(up.errorText)")
    }

    /// The end of what a client sends is not the end of what it wants to hear.
    @Test(arguments: [true, false]) func clientsThatSendNoMoreAreAnswered(intercepted: Bool) async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(
            rules: [Self.intercepting(peer), Self.rule("plain", .http, "plain.test", peer.http)], names: Self.names,
            intercepts: true)
        let authority = try Self.trust(harness, in: peer.folder)
        let (place, target) =
            intercepted
            ? ("secure.test:\(peer.https)", "/bytes/300000")
            : ("plain.test:\(peer.http)", "http://plain.test:\(peer.http)/bytes/300000")
        let done = try await harness.run([
            "python3", "-c", Self.halfClosingClient, "\(harness.httpPort)", intercepted ? authority : "", place, target,
        ])
        #expect(done.text == "300000\n300000\n", "\(done.errorText)")
        #expect(await harness.decision { $0.phase == .closed && $0.verdict == .allow }?.reason == .finished)
    }

    /// Sends two requests at once and the end with them, then counts both bodies. TLS is done in memory, as Python's own
    /// sockets do not read on after their end.
    private static let halfClosingClient = """
        import socket, ssl, sys
        port, authority, place, target = sys.argv[1:]
        connection = socket.create_connection(("127.0.0.1", int(port)), timeout=60)
        request = f"GET {target} HTTP/1.1\\r\\nHost: {place}\\r\\n\\r\\n".encode() * 2
        answer = b""
        if authority:
            connection.sendall(f"CONNECT {place} HTTP/1.1\\r\\nHost: {place}\\r\\n\\r\\n".encode())
            head = b""
            while not head.endswith(b"\\r\\n\\r\\n"):
                head += connection.recv(1)
            received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = ssl.create_default_context(cafile=authority).wrap_bio(
                received, sent, server_hostname=place.split(":")[0])
            def retry(call):
                while True:
                    try:
                        return call()
                    except ssl.SSLWantReadError:
                        if sent.pending:
                            connection.sendall(sent.read())
                        part = connection.recv(65536)
                        received.write(part) if part else received.write_eof()
            retry(tls.do_handshake)
            tls.write(request)
            try:
                tls.unwrap()
            except ssl.SSLError:
                pass
            connection.sendall(sent.read())
            connection.shutdown(socket.SHUT_WR)
            try:
                while part := retry(lambda: tls.read(65536)):
                    answer += part
            except (ssl.SSLError, OSError) as error:
                print(repr(error), file=sys.stderr)
        else:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        for part in answer.split(b"HTTP/1.1 200 ")[1:]:
            print(len(part.split(b"\\r\\n\\r\\n", 1)[1]))
        """

    @Test func aClientThatLeavesInTheMiddleIsReported() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.intercepting(peer)], names: Self.names, intercepts: true)
        let authority = try Self.trust(harness, in: peer.folder)
        let done = try await harness.curl(
            [
                "--cacert", authority, "--limit-rate", "1000", "-m", "8",
                "https://secure.test:\(peer.https)/bytes/90000000",
            ])
        #expect(done.exitCode == 28)
        #expect(await harness.decision { $0.phase == .opened } != nil)
        #expect(await harness.decision { $0.phase == .closed }?.reason == .broken)
    }

    @Test func hostsThatCloseBetweenRequestsAreReachedAnew() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.rule("plain", .http, "plain.test", peer.http)], names: Self.names)
        let base = "http://plain.test:\(peer.http)"
        let urls = (0..<20).map { _ in "\(base)/close-quietly" }
        let done = try await harness.curl(urls)
        #expect(done.output.count == 200, "\(done.text)")
    }

    @Test func aClientWithoutTheAuthorityIsReported() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.intercepting(peer)], names: Self.names, intercepts: true)
        let done = try await harness.curl(["--cacert", peer.authorityFile, "https://secure.test:\(peer.https)/echo"])
        #expect(done.exitCode == 60, "\(done.errorText)")
        #expect(await harness.decision { $0.reason == .clientDistrust } != nil)
    }

    @Test func hostsWithoutATrustedCertificateAreRefused() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(
            rules: [
                Self.intercepting(peer) { $0.certificateAuthorityFile = nil },
                Self.rule("other", .https, "other.test", peer.https) {
                    $0.intercept = true
                    $0.certificateAuthorityFile = peer.authorityFile
                },
            ], names: Self.names, intercepts: true)
        let authority = try Self.trust(harness, in: peer.folder)
        for host in ["secure.test", "other.test"] {
            let done = try await harness.curl(["--cacert", authority, "-i", "https://\(host):\(peer.https)/echo"])
            #expect(done.text.contains("HTTP/1.1 502"), "\(done.text) \(done.errorText)")
            #expect(done.text.contains("certificate"))
        }
        #expect(harness.decisions.filter { $0.reason == .untrustedServer }.count == 2)
    }

    @Test func credentialsReachTheHostAndReplaceTheClients() async throws {
        let peer = try Peer.shared.get()
        let rule = Self.intercepting(peer) {
            $0.credential = CredentialReference(secret: "token", placement: .header(name: "X-Api-Key"))
        }
        let harness = try GatewayHarness(
            rules: [rule], names: Self.names, secrets: TableSecrets(values: ["token": "s3cret"]), intercepts: true)
        let authority = try Self.trust(harness, in: peer.folder)
        let base = "https://secure.test:\(peer.https)"
        let done = try await harness.curl([
            "--cacert", authority, "-H", "X-API-KEY: mine", "-H", "X_Api_Key: mine", "-H",
            "X-Http-Method-Override: DELETE",
            "-H", "Proxy-Authorization: Basic x", "-H", "Connection: X-Drop", "-H", "X-Drop: 1", "\(base)/echo",
        ])
        let fields = try JSON(parsing: done.output)["fields"]?.arrayValue ?? []
        let pairs = fields.map { ($0.arrayValue ?? []).compactMap(\.stringValue) }
        #expect(pairs.filter { HTTPSyntax.canonicalName($0[0]) == "x-api-key" } == [["X-Api-Key", "s3cret"]])
        for name in ["x-http-method-override", "proxy-authorization", "x-drop"] {
            #expect(!pairs.contains { $0[0].lowercased() == name }, "\(name)")
        }
        let trace = try await harness.curl(["--cacert", authority, "-X", "TRACE", "-i", "\(base)/echo"])
        #expect(trace.text.contains("403"))
        #expect(!trace.text.contains("s3cret"))
    }

    @Test func gitClonesWithACredentialThatItNeverSees() async throws {
        let folder = try TemporaryFolder()
        let work = try folder.makeFolder("work")
        try folder.write("work/file.txt", "hello\n")
        for arguments in [["init", "-q", "."], ["add", "."], ["commit", "-q", "-m", "first"]] {
            #expect(try HostCommand.git(arguments, in: work).exitCode == 0)
        }
        #expect(
            try HostCommand.git(["clone", "-q", "--bare", work, folder.path + "/root/repo.git"], in: work).exitCode == 0
        )
        let peer = try Peer(gitRoot: folder.path + "/root", secret: "pa55word")
        let rule = Self.intercepting(peer) {
            $0.pathPrefix = "/git/repo.git"
            $0.credential = CredentialReference(secret: "git", placement: .basic(user: "robot"))
        }
        let harness = try GatewayHarness(
            rules: [rule], names: Self.names, secrets: TableSecrets(values: ["git": "pa55word"]), intercepts: true)
        let authority = try Self.trust(harness, in: peer.folder)
        let trace = folder.path + "/trace"
        let done = try await harness.run(
            [
                "env", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0",
                "GIT_TRACE_CURL=\(trace)", "GIT_TRACE_REDACT=0", "GIT_SSL_CAINFO=\(authority)", "git", "-c",
                "http.proxy=http://127.0.0.1:\(harness.httpPort)",
                "clone", "-q", "https://secure.test:\(peer.https)/git/repo.git", "clone",
            ], in: folder.path)
        #expect(done.exitCode == 0, "\(done.errorText)")
        #expect(folder.readText("clone/file.txt") == "hello\n")
        let traced = try #require(folder.readText("trace"))
        #expect(traced.contains("git-upload-pack"))
        #expect(!traced.contains("pa55word") && !traced.contains("cm9ib3Q6cGE1NXdvcmQ="))
        // Without the gateway's credential the host says no: it was seen there.
        let bare = try await harness.run([
            "env", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0",
            "GIT_SSL_CAINFO=\(peer.authorityFile)", "git", "-c",
            "http.curloptResolve=secure.test:\(peer.https):127.0.0.1",
            "ls-remote", "https://secure.test:\(peer.https)/git/repo.git",
        ])
        #expect(bare.exitCode != 0)
        #expect(bare.errorText.contains("could not read Username"), "\(bare.errorText)")
        // Another repository of the same host is not the rule's.
        let other = try await harness.curl([
            "--cacert", authority, "-i", "https://secure.test:\(peer.https)/git/repo.git.evil/info/refs",
        ])
        #expect(other.text.contains("403"))
    }

    @Test func redirectsAreDecidedAnew() async throws {
        let peer = try Peer.shared.get()
        let harness = try GatewayHarness(rules: [Self.rule("plain", .http, "plain.test", peer.http)], names: Self.names)
        let done = try await harness.curl([
            "-L", "-i", "-H", "X-To: http://127.0.0.1:\(peer.http)/echo", "http://plain.test:\(peer.http)/redirect",
        ])
        #expect(done.text.contains("302"))
        #expect(done.text.contains("HTTP/1.1 403"))
        #expect(await harness.decision { $0.reason == .addressNotListed && $0.host == "127.0.0.1" } != nil)
    }
}

extension String {
    /// Replaces `end` at the end.
    func replacingLast(_ end: String, with other: String) -> String {
        hasSuffix(end) ? String(dropLast(end.count)) + other : self
    }
}
