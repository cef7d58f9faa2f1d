import NIOHTTP1
import Testing

@testable import Service

@Suite struct HTTPTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var request: String
        var status: Int
        /// Must be in the answer.
        var contains = ""
    }

    private static func get(_ path: String, _ headers: String = "", method: String = "GET") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n"
    }

    private static let bearer = "Authorization: Bearer \(TestService.token)\r\n"

    static let cases: [Case] = [
        Case(testDescription: "healthz", request: get("/healthz"), status: 200, contains: "\r\n\r\nok"),
        Case(testDescription: "healthz, query", request: get("/healthz?x=1"), status: 200),
        Case(testDescription: "readyz", request: get("/readyz"), status: 200),
        Case(
            testDescription: "metrics, no token", request: get("/metrics"), status: 401,
            contains: "WWW-Authenticate: Bearer"),
        Case(
            testDescription: "metrics", request: get("/metrics", bearer), status: 200,
            contains:
                "# HELP cofferdam_fake A \"fake\"\\nmetric.\n# TYPE cofferdam_fake gauge\ncofferdam_fake{name=\"a\\\"b\\\\c\\nd\"} 1.5\n"
        ),
        Case(
            testDescription: "metrics counts", request: get("/metrics", bearer), status: 200,
            contains: "\ncofferdam_connections 1\n"),
        Case(testDescription: "unknown path", request: get("/"), status: 404),
        Case(testDescription: "dots", request: get("/v1/rpc/../x"), status: 404),
        Case(
            testDescription: "method", request: get("/healthz", "Content-Length: 0\r\n", method: "POST"), status: 405,
            contains: "Allow: GET"),
        Case(
            testDescription: "rpc method",
            request: get("/v1/rpc", bearer + "Content-Length: 2\r\n", method: "PUT") + "{}", status: 405),
        Case(
            testDescription: "rpc without upgrade", request: get("/v1/rpc", bearer), status: 426,
            contains: "Sec-WebSocket-Version: 13"),
        Case(
            testDescription: "rpc, no token", request: RawClient.upgradeRequest(token: nil), status: 401,
            contains: "WWW-Authenticate: Bearer"),
        Case(
            testDescription: "rpc, wrong token",
            request: RawClient.upgradeRequest(token: "0123456789abcdef0123456789abcdeF"), status: 401),
        Case(testDescription: "rpc, empty token", request: RawClient.upgradeRequest(token: ""), status: 401),
        Case(
            testDescription: "rpc, token's start", request: RawClient.upgradeRequest(token: "0123456789abcdef"),
            status: 401),
        Case(
            testDescription: "rpc, name and token",
            request: RawClient.upgradeRequest(token: "alice:alice-0123456789abcdef"), status: 401),
        Case(
            testDescription: "rpc, basic",
            request: RawClient.upgradeRequest(token: nil, extra: "Authorization: Basic \(TestService.token)\r\n"),
            status: 401),
        Case(testDescription: "rpc, two tokens", request: RawClient.upgradeRequest(extra: bearer), status: 401),
        Case(
            testDescription: "rpc, token in the query",
            request: RawClient.upgradeRequest(path: "/v1/rpc?token=\(TestService.token)", token: nil), status: 401),
        Case(
            testDescription: "rpc, origin", request: RawClient.upgradeRequest(extra: "Origin: http://x\r\n"),
            status: 403),
        Case(
            testDescription: "rpc, null origin", request: RawClient.upgradeRequest(extra: "Origin: null\r\n"),
            status: 403),
        Case(testDescription: "upgrade elsewhere", request: RawClient.upgradeRequest(path: "/other"), status: 404),
        Case(
            testDescription: "two keys",
            request: RawClient.upgradeRequest(extra: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), status: 400),
        Case(
            testDescription: "bad key",
            request: get(
                "/v1/rpc",
                bearer
                    + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n"
            ),
            status: 400),
        Case(
            testDescription: "version 8",
            request: get(
                "/v1/rpc",
                bearer
                    + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            ),
            status: 400),
        Case(
            testDescription: "big head", request: get("/healthz", "X: \(String(repeating: "a", count: 20_000))\r\n"),
            status: 431),
        Case(
            testDescription: "big request line", request: get("/" + String(repeating: "a", count: 70_000)), status: 431),
        Case(
            testDescription: "many headers", request: get("/healthz", String(repeating: "A: b\r\n", count: 200)),
            status: 400),
        Case(
            testDescription: "big body",
            request: get("/healthz", "Content-Length: 70000\r\n") + String(repeating: "a", count: 70_000), status: 413),
        Case(testDescription: "garbage", request: "\u{16}\u{3}\u{1}\u{2}\u{0}garbage\r\n\r\n", status: 400),
        Case(testDescription: "no HTTP version", request: "GET /\r\n\r\n", status: 400),
        Case(
            testDescription: "two lengths", request: get("/healthz", "Content-Length: 0\r\nContent-Length: 5\r\n"),
            status: 400),
    ]

    @Test(arguments: cases) func answers(_ one: Case) async throws {
        try await TestService.with { service in
            let answer = try await RawClient.request(one.request, to: service.address)
            #expect(answer.hasPrefix("HTTP/1.1 \(one.status) "), "\(answer.prefix(200))")
            #expect(answer.contains("Connection: close"))
            if !one.contains.isEmpty { #expect(answer.contains(one.contains), "\(answer)") }
        }
    }

    @Test func headHasNoBody() async throws {
        try await TestService.with { service in
            let answer = try await RawClient.request(Self.get("/healthz", method: "HEAD"), to: service.address)
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func upgrade() async throws {
        try await TestService.with { service in
            let client = try await RawClient.connect(to: service.address)
            try await client.send(RawClient.upgradeRequest())
            let answer = try await client.read(through: "\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 101 "))
            // The example of RFC 6455, section 1.3.
            #expect(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            client.close()
        }
    }

    /// Frames that come in one packet with the request are not lost.
    @Test func earlyFrames() async throws {
        try await TestService.with { service in
            let client = try await RawClient.connect(to: service.address)
            try await client.send(Array(RawClient.upgradeRequest().utf8) + RawClient.frame(0x89, [7]))
            _ = try await client.read(through: "\r\n\r\n")
            let frame = try await client.readFrame()
            #expect(frame.first == 0x8A)
            #expect(frame.payload == [7])
            client.close()
        }
    }

    /// A peer that sends its request byte by byte, or nothing, is cut off.
    @Test(arguments: ["", "GET /healthz HTTP/1.1\r\nHost: ", "POST /x HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"])
    func slowRequests(_ start: String) async throws {
        try await TestService.with(configure: { $0.limits.requestTimeout = .milliseconds(100) }) { service in
            let answer = try await RawClient.request(start, to: service.address)
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func tooManyConnections() async throws {
        try await TestService.with(configure: { $0.limits.maxConnections = 2 }) { service in
            let first = try await RawClient.webSocket(to: service.address)
            let second = try await RawClient.webSocket(to: service.address)
            let third = try await RawClient.connect(to: service.address)
            #expect(await third.readToEnd().isEmpty)
            first.close()
            second.close()
        }
    }

    @Test func readinessEndsWithTheDrain() throws {
        let router = RequestRouter(tokens: try BearerTokens(parsing: TestService.token, path: "t"), isDraining: true)
        for (path, status) in [("/readyz", HTTPResponseStatus.serviceUnavailable), ("/healthz", .ok)] {
            guard case .answer(let answer) = router.decide(HTTPRequestHead(version: .http1_1, method: .GET, uri: path))
            else { throw TestFailure("no answer") }
            #expect(answer.status == status)
        }
    }
}
