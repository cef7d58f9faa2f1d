import Secrets
import Synchronization
import Testing

@testable import Models

@Suite("Falling over to another model")
struct RouterTests {
    private static let errors: [ModelError] = [
        .authentication("401"), .rateLimited(retryAfter: .seconds(90), detail: "429"),
        .overloaded(retryAfter: nil, detail: "503"), .contextOverflow("too long"), .invalidRequest("404"),
        .malformedResponse("?"), .streamCut("cut"), .stalled(after: .seconds(120)), .network("refused"),
        .notConfigured("no key"),
    ]
    private static let beginnings: [[ModelEvent]] = [
        [], [.reasoningDelta("hm")], [.textDelta("half")],
        [.textDelta("whole"), .toolCall(ToolCall(id: "1", name: "read", arguments: [:]))],
    ]

    private func answer(_ text: String) -> ModelResponse {
        ModelResponse(model: "m", content: [.text(text)], stopReason: .endTurn)
    }

    private func model(_ name: String, _ provider: ScriptedProvider) -> RoutedModel {
        RoutedModel(
            NamedModel(name: name, settings: ModelSettings(provider: .replay, model: name)), provider: provider)
    }

    private func outcome(
        _ router: ModelRouter, _ models: [RoutedModel], previous: String? = nil
    ) async -> (events: [ModelEvent], error: (any Error)?) {
        var events: [ModelEvent] = []
        do {
            for try await event in router.stream(.simple, models, previous: previous) { events.append(event) }
            return (events, nil)
        } catch {
            return (events, error)
        }
    }

    @Test("Whatever fails, wherever in the answer: the next one answers, once", arguments: errors, beginnings)
    func everyFailure(error: ModelError, beginning: [ModelEvent]) async throws {
        let first = ScriptedProvider([(beginning, error)])
        let second = ScriptedProvider([([.textDelta("done"), .completed(answer("done"))], nil)])
        let router = ModelRouter(health: ModelHealth())
        let result = await outcome(router, [model("a", first), model("b", second)], previous: "a")
        #expect(result.error == nil)
        var whole = answer("done")
        whole.answeredBy = "b"
        #expect(
            result.events == beginning + [
                .switched(ModelSwitch(from: "a", to: "b", reason: error.summary)), .textDelta("done"),
                .completed(whole),
            ])
        #expect(first.requests.count == 1)
        #expect(second.requests == [.simple])
    }

    @Test("When all fail, one error names each")
    func allFail() async throws {
        let models = [
            model("a", ScriptedProvider([([], ModelError.authentication("401"))])),
            model("b", ScriptedProvider([([.textDelta("x")], ModelError.network("refused"))])),
        ]
        let error = try #require(await outcome(ModelRouter(health: ModelHealth()), models).error as? ModelError)
        guard case .noModelAnswered(let failures) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(failures.map(\.model) == ["a", "b"])
        #expect(error.description.contains("`a`: The model endpoint refused the API key"))
        #expect(error.description.contains("`b`: The model endpoint could not be reached"))
    }

    @Test("A lone model's error stays as it is, and cancellation and recordings do not fall over")
    func staysAsItIs() async throws {
        let router = ModelRouter(health: ModelHealth())
        let lone = await outcome(router, [model("a", ScriptedProvider([([], ModelError.network("x"))]))])
        #expect(lone.error as? ModelError == .network("x"))
        for error in [CancellationError() as any Error, ModelError.replayExhausted(turns: 1)] {
            let other = ScriptedProvider([])
            let fresh = ModelRouter(health: ModelHealth())
            let result = await outcome(fresh, [model("a", ScriptedProvider([([], error)])), model("b", other)])
            #expect(result.error != nil)
            #expect(result.events.isEmpty)
            #expect(other.requests.isEmpty)
        }
    }

    @Test("What failed rests, longer each time, and is tried by one request after it")
    func rests() async throws {
        let time = Mutex(ContinuousClock.now)
        let health = ModelHealth(now: { time.withLock { $0 } })
        let router = ModelRouter(health: health)
        func pass(_ seconds: Int) { time.withLock { $0 += .seconds(seconds) } }
        let down = ModelError.overloaded(retryAfter: nil, detail: "503")
        let a = ScriptedProvider([([], down), ([], down), ([.completed(answer("a"))], nil)])
        let b = ScriptedProvider((0..<4).map { _ in ([.completed(answer("b"))], nil) })
        let models = [model("a", a), model("b", b)]

        _ = await outcome(router, models)
        #expect(health.isResting(models[0].model))
        let second = await outcome(router, models, previous: "b")
        #expect(a.requests.count == 1)
        #expect(second.events.count == 1)
        pass(61)
        // It is tried again, fails, and rests twice as long.
        let third = await outcome(router, models, previous: "b")
        #expect(a.requests.count == 2)
        #expect(third.events.first == .switched(ModelSwitch(from: "b", to: "a", reason: "a is to be asked first")))
        pass(61)
        let fourth = await outcome(router, models, previous: "a")
        #expect(
            fourth.events.first
                == .switched(ModelSwitch(from: "a", to: "b", reason: "a rests: it is overloaded or failing")))
        pass(61)
        #expect(await outcome(router, models).events.last == .completed(answered("a", by: "a")))
        #expect(!health.isResting(models[0].model))
    }

    private func answered(_ text: String, by name: String) -> ModelResponse {
        var response = answer(text)
        response.answeredBy = name
        return response
    }

    @Test("A rest that the endpoint asks for is kept; while all rest, all are asked")
    func askedRest() async throws {
        let time = Mutex(ContinuousClock.now)
        let health = ModelHealth(now: { time.withLock { $0 } })
        let limited = ModelError.rateLimited(retryAfter: .seconds(300), detail: "429")
        let a = ScriptedProvider([([], limited), ([.completed(answer("a"))], nil)])
        let b = ScriptedProvider([([], limited)])
        let models = [model("a", a), model("b", b)]
        #expect(await outcome(ModelRouter(health: health), models).error != nil)
        time.withLock { $0 += .seconds(200) }
        #expect(models.allSatisfy { health.isResting($0.model) })
        #expect(await outcome(ModelRouter(health: health), models).error == nil)
    }

    @Test("An unreachable endpoint is passed by for all its models, a refused key only for the model")
    func endpoint() {
        func named(_ name: String, _ url: String) -> NamedModel {
            NamedModel(name: name, settings: ModelSettings(provider: .openai, model: name, baseURL: url))
        }
        let (a, b, other) = (named("a", "http://x"), named("b", "http://x"), named("c", "http://y"))
        let health = ModelHealth()
        health.failed(a, .authentication("401"))
        #expect([a, b, other].map(health.isResting) == [true, false, false])
        health.failed(a, .network("refused"))
        #expect([a, b, other].map(health.isResting) == [true, true, false])
        // Of the request, not of the model.
        health.failed(other, .contextOverflow("long"))
        #expect(!health.isResting(other))
    }

    @Test("Each region of AWS, and each program, fails by itself")
    func places() {
        func cloud(_ name: String, _ region: String) -> NamedModel {
            var settings = ModelSettings(provider: .bedrock, model: name)
            settings.aws = AWSAccess(region: region, credentials: nil)
            return NamedModel(name: name, settings: settings)
        }
        func program(_ name: String, _ words: [String]) -> NamedModel {
            var settings = ModelSettings(provider: .command, model: name)
            settings.command = ModelCommand(arguments: words)
            return NamedModel(name: name, settings: settings)
        }
        let models = [cloud("a", "eu-west-1"), cloud("b", "eu-west-1"), cloud("c", "us-east-1")]
        let programs = [program("d", ["/bin/x", "1"]), program("e", ["/bin/x", "2"]), program("f", ["/bin/y"])]
        let health = ModelHealth()
        for model in [models[0], programs[0]] { health.failed(model, .network("refused")) }
        #expect((models + programs).map(health.isResting) == [true, true, false, true, true, false])
    }

    @Test("With another model at hand a long wait is not waited; the last one is asked with patience")
    func patience() async throws {
        let clock = RecordingClock()
        let limited = ModelError.rateLimited(retryAfter: .seconds(100), detail: "429")
        let a = ScriptedProvider([([], limited)])
        let b = ScriptedProvider([([], limited), ([.completed(answer("b"))], nil)])
        let models = [("a", a), ("b", b)].map { name, provider in
            RoutedModel(
                NamedModel(name: name, settings: ModelSettings(provider: .replay, model: name)),
                provider: RetryingProvider(provider, clock: clock, jitter: { 1 }))
        }
        let result = await outcome(ModelRouter(health: ModelHealth()), models)
        #expect(result.error == nil)
        #expect(clock.sleeps == [.seconds(100)])
        #expect(a.requests.count == 1)
    }

    @Test("Costs are rounded up and never overflow")
    func costs() {
        let prices = ModelPrices(input: 3_000_000, output: 15_000_000, cacheRead: 300_000, cacheWrite: 3_750_000)
        #expect(prices.cost(of: ModelUsage(input: 1000, output: 100, cacheRead: 10, cacheWrite: 1)) == 4507)
        #expect(prices.cost(of: ModelUsage()) == 0)
        #expect(prices.cost(of: ModelUsage(cacheRead: 1)) == 1)
        let huge = ModelPrices(input: .max, output: .max, cacheRead: .max, cacheWrite: .max)
        #expect(huge.cost(of: ModelUsage(input: .max, output: .max, cacheRead: .max, cacheWrite: .max)) == .max)
        #expect(prices.cost(of: ModelUsage(input: -5)) == 0)
    }

    @Test("Who answered survives in what is kept of an answer")
    func kept() throws {
        let response = answered("x", by: "b")
        #expect(try ModelResponse(json: response.json) == response)
        #expect(try ModelResponse(json: answer("x").json).answeredBy == nil)
    }
}

@Suite("Keys that are asked for")
struct KeyedProviderTests {
    private final class Keys: ModelKeySource {
        let calls = Mutex<(asked: Int, refused: Int)>((0, 0))
        let failure: (any Error)?

        init(failure: (any Error)? = nil) { self.failure = failure }

        func key() async throws -> SecretString {
            if let failure { throw failure }
            let refused = calls.withLock {
                $0.asked += 1
                return $0.refused
            }
            return SecretString("key-\(refused)")
        }

        func refused() async { calls.withLock { $0.refused += 1 } }
    }

    @Test("A refused key is asked for once more, and no further")
    func refused() async throws {
        let denied = StubEndpoint.Reply.json("{}", status: 401)
        try await StubEndpoint.with([denied, .stream(ChatFixtures.greeting), denied, denied]) { endpoint in
            let keys = Keys()
            let provider = try KeyedProvider(
                ModelSettings(provider: .openai, model: "m", baseURL: endpoint.url + "/v1"), keys: keys)
            #expect(await provider.outcome().error == nil)
            #expect(keys.calls.withLock { $0.refused } == 1)
            #expect(try await provider.failure().description.contains("refused the API key"))
            #expect(keys.calls.withLock { $0.refused } == 2)
        }
    }

    @Test("A key that cannot be had is an error that says why")
    func absent() async throws {
        let keys = Keys(failure: ModelError.network("the vault is closed"))
        let provider = try KeyedProvider(
            ModelSettings(provider: .openai, model: "m", baseURL: "http://127.0.0.1:9/v1"), keys: keys)
        let error = try await provider.failure()
        #expect(error.description.contains("the vault is closed"))
    }
}
