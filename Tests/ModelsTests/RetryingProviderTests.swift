import Testing

@testable import Models

@Suite struct RetryingProviderTests {
    static let answer = ModelResponse(model: "m", content: [.text("Hello")], stopReason: .endTurn)
    static let success: ScriptedProvider.Attempt = ([.textDelta("Hello"), .completed(answer)], nil)

    private func run(
        _ attempts: [ScriptedProvider.Attempt], _ policy: RetryPolicy = RetryPolicy(), jitter: Double = 1
    ) async -> (events: [ModelEvent], error: (any Error)?, sleeps: [Duration], requests: Int) {
        let base = ScriptedProvider(attempts)
        let clock = RecordingClock()
        let outcome = await RetryingProvider(base, policy: policy, clock: clock, jitter: { jitter }).outcome()
        return (outcome.events, outcome.error, clock.sleeps, base.requests.count)
    }

    @Test func successIsPassedOn() async {
        let outcome = await run([Self.success])
        #expect(outcome.events == Self.success.events)
        #expect(outcome.sleeps.isEmpty)
    }

    @Test(arguments: [
        ModelError.rateLimited(retryAfter: nil, detail: "x"), .overloaded(retryAfter: nil, detail: "x"),
        .network("x"), .streamCut("x"), .stalled(after: .seconds(1)),
    ])
    func transientFailuresAreRetried(error: ModelError) async {
        let outcome = await run([([], error), Self.success])
        #expect(
            outcome.events == [.retrying(reason: error.description, delay: .milliseconds(500))] + Self.success.events)
        #expect(outcome.sleeps == [.milliseconds(500)])
    }

    @Test(arguments: [
        ModelError.authentication("x"), .contextOverflow("x"), .invalidRequest("x"), .replayExhausted(turns: 1),
        .notConfigured("x"),
    ])
    func permanentFailuresAreNot(error: ModelError) async {
        let outcome = await run([([], error), Self.success])
        #expect(outcome.events.isEmpty)
        #expect(outcome.error as? ModelError == error)
        #expect(outcome.requests == 1)
    }

    /// What an attempt had yielded before it broke is announced as void, and nothing of it is in the answer.
    @Test func cutMidStreamRestartsWithoutDoubling() async {
        let call = ToolCall(id: "1", name: "f", arguments: [:])
        let outcome = await run([
            ([.textDelta("Hel"), .toolCall(call)], ModelError.streamCut("cut")), Self.success,
        ])
        #expect(
            outcome.events == [
                .textDelta("Hel"), .toolCall(call),
                .retrying(reason: ModelError.streamCut("cut").description, delay: .milliseconds(500)),
                .textDelta("Hello"), .completed(Self.answer),
            ])
        #expect(outcome.events.text == "Hello")
        #expect(outcome.events.response?.toolCalls == [])
    }

    @Test func backoffDoublesAndEnds() async {
        var policy = RetryPolicy()
        policy.maximumAttempts = 6
        policy.maximumDelay = .seconds(3)
        let failure: ScriptedProvider.Attempt = ([], ModelError.network("down"))
        let outcome = await run(Array(repeating: failure, count: 10), policy)
        #expect(outcome.sleeps == [0.5, 1, 2, 3, 3].map { Duration.seconds($0) })
        #expect(outcome.requests == 6)
        #expect(outcome.error as? ModelError == .network("down"))
    }

    @Test func jitterTakesUpToHalf() async {
        let outcome = await run([([], ModelError.network("x")), Self.success], jitter: 0)
        #expect(outcome.sleeps == [.milliseconds(250)])
    }

    @Test func retryAfterIsHonoured() async {
        let error = ModelError.rateLimited(retryAfter: .seconds(17), detail: "x")
        #expect(await run([([], error), Self.success]).sleeps == [.seconds(17)])
    }

    @Test func retryAfterBeyondTheCapFailsAtOnce() async {
        let error = ModelError.overloaded(retryAfter: .seconds(3600), detail: "x")
        let outcome = await run([([], error), Self.success])
        #expect(outcome.sleeps.isEmpty)
        #expect(outcome.error as? ModelError == error)
    }

    @Test(arguments: [ModelError.stalled(after: .seconds(120)), .malformedResponse("x")])
    func stallsAndGarbageAreRetriedOnce(error: ModelError) async {
        let failure: ScriptedProvider.Attempt = ([], error)
        #expect(await run(Array(repeating: failure, count: 5)).requests == 2)
    }

    @Test func cancellationIsNotAFailureToRetry() async {
        let outcome = await run([([], CancellationError()), Self.success])
        #expect(outcome.requests == 1)
        #expect(outcome.error is CancellationError)
    }

    /// Over HTTP: a cut in mid-stream, an overload, then the answer.
    @Test(arguments: Vendor.http)
    func overHTTP(vendor: Vendor) async throws {
        try await StubEndpoint.with([
            vendor.reply(vendor.beginning, .cut), .json("{}", status: 529), vendor.reply(vendor.greeting),
        ]) { endpoint in
            let clock = RecordingClock()
            let provider = RetryingProvider(try vendor.provider(endpoint), clock: clock, jitter: { 1 })
            let outcome = await provider.outcome()
            #expect(outcome.events.restarts == 2)
            #expect(outcome.events.text == "Grüße 👋")
            #expect(clock.sleeps == [.milliseconds(500), .seconds(1)])
            #expect(Set(endpoint.requests.map(\.body)).count == 1)
        }
    }
}
