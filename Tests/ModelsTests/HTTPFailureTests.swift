import JSON
import Testing

@testable import Models

/// What the HTTP providers make of an endpoint that misbehaves.
@Suite struct HTTPFailureTests {
    private func error(
        _ vendor: Vendor, _ reply: StubEndpoint.Reply, limits: ModelLimits = ModelLimits()
    ) async throws -> ModelError {
        try await StubEndpoint.with([reply]) { endpoint in
            let provider = try vendor.provider(endpoint, limits: limits)
            let error = try await provider.failure()
            await provider.shutdown()
            return error
        }
    }

    private func body(_ type: String, _ message: String) -> String {
        #"{"type":"error","error":{"type":"\#(type)","message":"\#(message)"}}"#
    }

    @Test(arguments: Vendor.http)
    func statuses(vendor: Vendor) async throws {
        let unauthorised = try await error(vendor, .json(body("authentication_error", "invalid key"), status: 401))
        #expect(unauthorised == .authentication("It answered HTTP 401: invalid key"))

        let limited = try await error(
            vendor, .json(body("rate_limit_error", "slow down"), status: 429, headers: [("Retry-After", "7")]))
        #expect(limited == .rateLimited(retryAfter: .seconds(7), detail: "It answered HTTP 429: slow down"))

        let precise = try await error(
            vendor,
            .json(body("x", "m"), status: 429, headers: [("retry-after-ms", "250"), ("retry-after", "1")]))
        #expect(precise == .rateLimited(retryAfter: .milliseconds(250), detail: "It answered HTTP 429: m"))

        let overloaded = try await error(vendor, .json(body("overloaded_error", "Overloaded"), status: 529))
        #expect(overloaded == .overloaded(retryAfter: nil, detail: "It answered HTTP 529: Overloaded"))

        let unknown = try await error(vendor, .json(body("not_found_error", "model: x"), status: 404))
        #expect(unknown == .invalidRequest("It answered HTTP 404: model: x"))
    }

    @Test(arguments: Vendor.http, ["-1", "nan", "inf", "Wed, 21 Oct 2026 07:28:00 GMT"])
    func strangeRetryAfterIsIgnored(vendor: Vendor, value: String) async throws {
        let limited = try await error(vendor, .json("{}", status: 429, headers: [("retry-after", value)]))
        #expect(limited == .rateLimited(retryAfter: nil, detail: "It answered HTTP 429: {}"))
    }

    @Test(
        arguments: Vendor.http,
        [
            #"{"error":{"message":"prompt is too long: 208310 tokens > 200000 maximum","type":"invalid_request_error"}}"#,
            #"{"error":{"message":"This model's maximum context length is 8192 tokens","code":"context_length_exceeded"}}"#,
            #"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
        ])
    func contextOverflow(vendor: Vendor, body: String) async throws {
        let error = try await error(vendor, .json(body, status: 400))
        guard case .contextOverflow = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(arguments: Vendor.http)
    func errorPageOfAProxyIsQuotedCapped(vendor: Vendor) async throws {
        let page = "<html>\u{1b}[31mBad gateway" + String(repeating: "x", count: 200_000)
        let reply = StubEndpoint.Reply(
            status: 502, headers: [("content-type", "text/html")], chunks: [Array(page.utf8)])
        let error = try await error(vendor, reply)
        #expect(error.isTransient)
        #expect(error.description.contains("Bad gateway"))
        #expect(!error.description.contains("\u{1b}"))
        #expect(error.description.count < 2000)
    }

    @Test(arguments: Vendor.http)
    func redirectsAreNotFollowed(vendor: Vendor) async throws {
        try await StubEndpoint.with([
            .init(status: 307, headers: [("location", "/elsewhere")]), vendor.reply(vendor.greeting),
        ]) { endpoint in
            let error = try await vendor.provider(endpoint).failure()
            #expect(error.description.contains("Redirects are not followed"))
            #expect(endpoint.requests.count == 1)
        }
    }

    @Test(arguments: Vendor.http)
    func connectionCutMidStream(vendor: Vendor) async throws {
        let (events, error) = try await StubEndpoint.with([vendor.reply(vendor.beginning, .cut)]) { endpoint in
            await (try vendor.provider(endpoint)).outcome()
        }
        #expect(events == [.textDelta("Grüße ")])
        guard case .streamCut? = error as? ModelError else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: Vendor.http)
    func cleanEndBeforeTheAnswerIsComplete(vendor: Vendor) async throws {
        let error = try await error(vendor, vendor.reply(vendor.beginning))
        guard case .streamCut = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(arguments: Vendor.http, [StubEndpoint.Reply.Ending.hang, .silence])
    func silenceIsAStall(vendor: Vendor, ending: StubEndpoint.Reply.Ending) async throws {
        var limits = ModelLimits()
        limits.idleTimeout = .milliseconds(100)
        let reply = vendor.reply(vendor.beginning, ending)
        #expect(try await error(vendor, reply, limits: limits) == .stalled(after: .milliseconds(100)))
    }

    @Test(arguments: Vendor.http)
    func nobodyListens(vendor: Vendor) async throws {
        try await withUnusedPort { port in
            let provider = try vendor.provider(at: "http://127.0.0.1:\(port)")
            let error = try await provider.failure()
            guard case .network = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test(arguments: Vendor.http.filter { $0 != .bedrock })
    func limits(vendor: Vendor) async throws {
        var limits = ModelLimits()
        limits.maximumLineBytes = 1000
        let line = try await error(vendor, .stream("data: " + String(repeating: "x", count: 2000)), limits: limits)
        #expect(line.description.contains("longer than 1000 bytes"))
        limits.maximumResponseBytes = 3000
        let many = try await error(vendor, .stream(String(repeating: ": x\n", count: 2000)), limits: limits)
        #expect(many.description.contains("longer than 3000 bytes"))
        let whole = try await error(vendor, .json(String(repeating: " ", count: 5000)), limits: limits)
        #expect(whole.description.contains("longer than 3000 bytes"))
    }

    @Test(arguments: Vendor.http)
    func invalidUTF8(vendor: Vendor) async throws {
        let bytes = vendor.beginning
        let broken = bytes.map { $0 == 0xBC ? 0xFF : $0 }  // the second byte of ü
        let error = try await error(vendor, vendor.reply(broken))
        guard case .malformedResponse = error else {
            Issue.record("\(error)")
            return
        }
        #expect(broken != bytes)
    }

    @Test(arguments: Vendor.http, ["text/html", "", "application/octet-stream"])
    func otherContentTypes(vendor: Vendor, type: String) async throws {
        let reply = StubEndpoint.Reply(headers: [("content-type", type)], chunks: [vendor.greeting])
        let error = try await error(vendor, reply)
        guard case .malformedResponse = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(arguments: Vendor.http, ["[]", "{}", "3", "", "{\"choices\":[]}", "{\"choices\":[{}]}"])
    func wholeAnswersOfAnotherShape(vendor: Vendor, body: String) async throws {
        let error = try await error(vendor, .json(body))
        guard case .malformedResponse = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(arguments: Vendor.http)
    func connectionIsUsedAgain(vendor: Vendor) async throws {
        let replies = (0..<5).map { _ in vendor.reply(vendor.greeting) }
        try await StubEndpoint.with(replies) { endpoint in
            let provider = try vendor.provider(endpoint)
            for _ in replies { #expect(await provider.outcome().events.text == "Grüße 👋") }
            #expect(endpoint.requests.count == 5)
            // The answer is handed over at its last event; the connection is free a moment later. So a second
            // connection may be opened, but never one per request.
            #expect(endpoint.connections <= 2)
        }
    }

    /// A server that leaves the connection open after its last event must not hold the answer up.
    @Test(arguments: Vendor.http)
    func answerDoesNotWaitForTheEndOfTheBody(vendor: Vendor) async throws {
        try await StubEndpoint.with([vendor.reply(vendor.greeting, .hang)]) { endpoint in
            let provider = try vendor.provider(endpoint)
            #expect(await provider.outcome().events.response != nil)
        }
    }

    @Test(arguments: Vendor.http)
    func cancellationEndsTheStream(vendor: Vendor) async throws {
        try await StubEndpoint.with([vendor.reply(vendor.beginning, .hang)]) { endpoint in
            let provider = try vendor.provider(endpoint)
            let task = Task { () -> Bool in
                do {
                    _ = try await provider.response(to: .simple)
                    return false
                } catch {
                    return error is CancellationError
                }
            }
            while endpoint.requests.isEmpty { await Task.yield() }
            task.cancel()
            #expect(await task.value)
        }
    }

    @Test(arguments: Vendor.http)
    func keysNeverShowInErrors(vendor: Vendor) async throws {
        let key = Vendor.key.reveal()
        let quoted = "bad key \(key), or sk-proj-abcdef*****xyz"
        for reply in [
            StubEndpoint.Reply.json(body("authentication_error", quoted), status: 401),
            .init(status: 500, headers: [("content-type", "text/plain")], chunks: [Array(quoted.utf8)]),
            .init(headers: [("content-type", "text/\(key)")]),
            .stream("data: {\"type\":\"error\",\"error\":{\"message\":\"\(quoted)\"}}\n\n"),
        ] {
            let error = try await error(vendor, reply)
            #expect(!error.description.contains(key))
            #expect(!"\(error)".contains("abcdef"))
            var dumped = ""
            dump(error, to: &dumped)
            #expect(!dumped.contains(key))
        }
    }
}
