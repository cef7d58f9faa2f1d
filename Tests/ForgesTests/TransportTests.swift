import FoundationEssentials
import JSON
import NIOHTTP1
import Testing

@testable import Forges

@Suite struct TransportTests {
    @Test func theCredentialStaysWithTheForgeWhenALogIsElsewhere() async throws {
        try await ForgeStub.with { _, _ in
            .status(200, body: "the log\n")
        } _: { store in
            let location = "\(store.url)/signed?sig=1"
            let job = PipelineJob(id: "3", source: .job, name: "test", state: .failed)
            try await withForge { _, _ in
                .status(302, [("location", location)], body: "")
            } _: { forge, stub in
                let log = try #require(try await forge.log(of: job, in: octo))
                #expect(String(decoding: log.bytes, as: UTF8.self) == "the log\n")
                #expect(stub.requests.first?.headers.first(name: "authorization") == "Bearer planted-token")
                let asked = try #require(store.requests.first)
                #expect(asked.target == "/signed?sig=1")
                #expect(!asked.headers.contains(name: "authorization"))
            }
        }
    }

    @Test func anAnswerElsewhereIsNotFollowed() async throws {
        try await ForgeStub.with { _, _ in
            .json(pull())
        } _: { other in
            let location = "\(other.url)/repos/octo/hello/pulls/7"
            try await withForge { _, _ in
                .status(307, [("location", location)])
            } _: { forge, _ in
                await #expect(throws: ForgeError.self) { try await forge.change(7, in: octo) }
                #expect(other.requests.isEmpty)
            }
        }
    }

    @Test func aRenamedRepositoryIsFollowedOnTheSameHost() async throws {
        try await withForge { request, _ in
            request.path == "/repositories/1/pulls/7"
                ? .json(pull()) : .status(301, [("location", "/repositories/1/pulls/7")])
        } _: { forge, stub in
            let change = try await forge.change(7, in: octo)
            #expect(change.number == 7)
            #expect(stub.requests.last?.headers.first(name: "authorization") == "Bearer planted-token")
        }
    }

    @Test func anEndlessRedirectEnds() async throws {
        try await withForge { request, _ in
            .status(302, [("location", request.target)])
        } _: { forge, _ in
            await #expect(throws: ForgeError.refusedRedirect("there is no end to it.")) {
                try await forge.change(7, in: octo)
            }
        }
    }

    @Test func readsAreRepeatedAfterTransientFailures() async throws {
        let waits = Waits()
        try await withForge(waits: waits) { _, before in
            switch before {
            case 0: .status(502)
            case 1: .cut
            default: .json(pull())
            }
        } _: { forge, stub in
            let change = try await forge.change(7, in: octo)
            #expect(change.number == 7)
            #expect(stub.requests.count == 3)
            #expect(waits.all == [.seconds(1), .seconds(2)])
        }
    }

    @Test func aForgeThatStaysDownIsGivenUp() async throws {
        try await withForge { _, _ in
            .status(503)
        } _: { forge, stub in
            await #expect(throws: ForgeError.unavailable("It answered HTTP 503.")) {
                try await forge.change(7, in: octo)
            }
            #expect(stub.requests.count == ForgeLimits().maximumAttempts)
        }
    }

    @Test func theForgesOwnWaitIsKept() async throws {
        let waits = Waits()
        try await withForge(waits: waits) { _, before in
            switch before {
            case 0: .status(403, [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000020")])
            case 1: .status(429, [("retry-after", "7")])
            default: .json(pull())
            }
        } _: { forge, _ in
            _ = try await forge.change(7, in: octo)
            #expect(waits.all == [.seconds(21), .seconds(7)])
        }
    }

    @Test func aLongWaitIsTheCallersToDecide() async throws {
        try await withForge { _, _ in
            .status(429, [("retry-after", "3600")], body: #"{"message":"slow down"}"#)
        } _: {
            forge, stub in
            await #expect(throws: ForgeError.rateLimited(retryAfter: .seconds(3600), "It answered HTTP 429: slow down"))
            {
                try await forge.change(7, in: octo)
            }
            #expect(stub.requests.count == 1)
        }
    }

    @Test func anAnswerTooLongIsRefused() async throws {
        var limits = ForgeLimits()
        limits.maximumAnswerBytes = 1000
        try await withForge(limits: limits) { _, _ in
            .status(200, body: String(repeating: "[", count: 2000))
        } _: {
            forge, _ in
            await #expect(throws: ForgeError.tooLarge(limit: 1000)) { try await forge.change(7, in: octo) }
        }
    }

    @Test func whatDidNotChangeIsNotSentAgain() async throws {
        try await withForge { request, _ in
            request.headers.first(name: "if-none-match") == "\"v1\""
                ? .status(304, body: "") : .json(pull(), headers: [("etag", "\"v1\"")])
        } _: { forge, stub in
            let first = try await forge.change(7, in: octo)
            let change = try await forge.change(7, in: octo)
            #expect(change == first)
            #expect(stub.requests.map { $0.headers.first(name: "if-none-match") } == [nil, "\"v1\""])
        }
    }

    @Test func aForgesTextCannotDriveATerminalAndShowsNoCredential() async throws {
        let message = "no\u{1B}[2J planted-token \u{202E}here\r\nset-cookie: a"
        try await withForge { _, _ in
            .json(["message": .string(message)], status: 422)
        } _: { forge, _ in
            let error = await #expect(throws: ForgeError.self) { try await forge.change(7, in: octo) }
            let text = try #require(error).description
            #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}") && !text.contains("\n"))
            #expect(!text.contains("planted-token"))
            #expect(text.contains("no [2J <redacted>"))
        }
    }

    @Test func anAnswerThatIsNoJSONIsMalformed() async throws {
        for body in ["", "<html>", "[", "[]", "null", #"{"number": "seven"}"#] {
            try await withForge { _, _ in
                .status(200, body: body)
            } _: { forge, _ in
                let error = await #expect(throws: ForgeError.self) { try await forge.change(7, in: octo) }
                guard case .malformedAnswer = error else {
                    Issue.record("\(body) gave \(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test(arguments: [
        "http://git.example", "ftp://git.example", "https://user@git.example", "https://git.example?a", "git.example",
        "",
        "https://", "https://git.example\n",
    ])
    func addressesThatCannotBeRightAreRefused(url: String) {
        let settings = ForgeSettings(kind: .gitlab, baseURL: url, credential: .none)
        #expect(throws: ForgeError.self) { try Forges.forge(settings) }
    }

    @Test func addressesAreComparedByOrigin() throws {
        let address = try #require(ForgeAddress("https://Git.Example:443/a?b#c"))
        #expect(address.text == "https://git.example/a?b")
        #expect(address.following("/x")?.text == "https://git.example/x")
        #expect(address.following("//other.example/x") == nil)
        #expect(ForgeAddress("https://git.example:8443/")?.origin != address.origin)
        #expect(ForgeAddress("https://git.example\\@other.example/") == nil)
    }

    @Test func aLogKeepsBothEndsAndWholeLines() {
        var ends = LogEnds(limit: 100)
        for number in 0..<1000 { ends.append("line \(number)\n".utf8) }
        let log = ends.log
        let lines = String(decoding: log.bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.first == "line 0" && lines.last == "line 999")
        let places = lines.indices.filter { lines[$0].hasPrefix("[… ") }
        #expect(places.count == 1)
        #expect(lines.allSatisfy { $0.hasPrefix("[… ") || ($0.hasPrefix("line ") && Int($0.dropFirst(5)) != nil) })
        let whole = (0..<1000).reduce(0) { $0 + "line \($1)\n".utf8.count }
        let mark = lines[places[0]].utf8.count + 1
        #expect(log.bytes.count - mark + log.omitted == whole)
        var short = LogEnds(limit: 100)
        short.append("a\nb".utf8)
        #expect(short.log == JobLog(bytes: Array("a\nb".utf8)))
    }

    @Test(arguments: [
        (
            #"{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"exists"}]}"#,
            "Validation Failed; exists"
        ),
        (
            #"{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"head","code":"invalid"}]}"#,
            "Validation Failed; PullRequest head invalid"
        ),
        (
            #"{"message":["Another open merge request already exists: !1"]}"#,
            "Another open merge request already exists: !1"
        ),
        (#"{"message":{"title":["can't be blank"]}}"#, "title can't be blank"),
        (#"{"error":"invalid_token","error_description":"Token was revoked."}"#, "invalid_token; Token was revoked."),
        (#"{"type":"error","error":{"message":"Bad","detail":"no branch"}}"#, "Bad; no branch"),
        (#"{"errors":[{"context":null,"message":"Duplicate","exceptionName":"x"}]}"#, "Duplicate"),
        ("plain text", "plain text"), ("<html>proxy</html>", ""), ("", ""),
    ])
    func everyForgesErrorsAreRead(body: String, message: String) {
        let failure = ForgeFailure(
            status: 422, headers: HTTPHeaders(), bytes: Array(body.utf8), limit: 600, now: Date())
        #expect(failure.message == message)
    }

    @Test(arguments: [
        ("2026-11-28T03:00:00Z", 1795834800), ("2026-11-28T03:00:00.123Z", 1795834800),
        ("2026-11-28T03:00:00.123456+00:00", 1795834800), ("2026-11-28T05:00:00+02:00", 1795834800),
    ])
    func timesOfAllForgesAreRead(text: String, seconds: Int) throws {
        #expect(Int(try #require(ForgeTime.seconds(text))) == seconds)
    }

    @Test(arguments: ["", "yesterday", "2026-13-45", String(repeating: "1", count: 100)])
    func whatIsNoTimeIsNone(text: String) {
        #expect(ForgeTime.seconds(text) == nil)
    }
}
