import AgentProtocol
import Models
import TestSupport
import Testing

@testable import Agent

@Suite("Models of a session", .timeLimit(.minutes(1)))
struct RoutingTests {
    private func routed(_ name: String, _ provider: any ModelProvider) -> RoutedModel {
        RoutedModel(
            NamedModel(name: name, settings: ModelSettings(provider: .replay, model: name)), provider: provider)
    }

    private func options(_ catalog: ModelCatalog) -> TestSession.Options {
        var options = TestSession.Options(files: ["a": "x"])
        options.models = catalog
        return options
    }

    private func switches(_ test: TestSession) throws -> [ModelSwitched] {
        try test.events().compactMap { if case .modelSwitched(let event) = $0 { event } else { nil } }
    }

    @Test("A model that breaks off in the middle is replaced; no call is lost or run twice")
    func switchInMidTurn() async throws {
        let call = write("1", "b", "whole")
        let first = FailingProvider([
            .init([.textDelta("I wri"), .toolCall(call)], fails: .streamCut("cut"))
        ])
        let second = ScriptedProvider([Say.calls(call), Say.text("Done.")])
        let catalog = ModelCatalog([routed("a", first), routed("b", second)], roles: [.edit: ["a", "b"]])
        let fake = try await FakeSession(options(catalog), [])
        let turn = try await fake.test.turn()
        #expect(turn.changedFiles == ["b"])
        #expect(
            try switches(fake.test) == [
                ModelSwitched(
                    from: "a", to: "b", reason: "its answer broke off", role: "edit", voidItemIds: ["message-1"])
            ])
        let events = try fake.test.events()
        #expect(events.count { if case .toolCallStarted = $0 { true } else { false } } == 1)
        #expect(events.count { if case .toolCallCompleted = $0 { true } else { false } } == 1)
        // It is passed by at once in the next step.
        #expect(first.asked == 1)
        #expect(second.requests.count == 2)
        second.checkConversations()
        try await fake.test.finish()
    }

    @Test("A turn can name a model; the session keeps one that it is told to keep")
    func choices() async throws {
        let a = ScriptedProvider([Say.text("a1"), Say.text("a2")])
        let b = ScriptedProvider([Say.text("b1"), Say.text("b2"), Say.text("b3")])
        let catalog = ModelCatalog([routed("a", a), routed("b", b)], roles: [.edit: ["a", "b"], .plan: ["b"]])
        let fake = try await FakeSession(options(catalog), [])
        let session = fake.test.session
        _ = try await fake.test.turn()
        func ask(_ model: String?, keep: Bool? = nil) async throws {
            let params = AgentPrompt.Params(sessionId: "s", text: "more", model: model, keepModel: keep)
            _ = try await session.prompt(params)
            _ = try await fake.test.turn()
        }
        try await ask("plan")
        try await ask(nil)
        try await ask("b", keep: true)
        try await ask(nil)
        let models = try fake.test.events().compactMap { event -> String? in
            if case .turnStarted(let turn) = event { turn.model } else { nil }
        }
        #expect(models == ["a", "b", "a", "b", "b"])
        #expect(try switches(fake.test).isEmpty)
        await #expect(throws: AgentError.self) { try await ask("nobody") }
        // The conversation goes along.
        #expect(b.requests.last?.messages.count == 9)
        b.checkConversations()
        try await fake.test.finish()
    }

    @Test("A session that is taken up goes on with the model that answered, and with the one that was chosen")
    func resume() async throws {
        let a = FailingProvider([.init([], fails: .network("refused"))])
        let said = Gate()
        let b = ScriptedProvider([
            Say.calls(write("1", "b", "b")),
            { _ in
                await said.open()
                try await Task.sleep(for: .seconds(3600))
                return []
            }, Say.text("Done."),
        ])
        let catalog = ModelCatalog([routed("a", a), routed("b", b)], roles: [.edit: ["a", "b"]])
        let fake = try await FakeSession(options(catalog), [])
        await said.wait()
        let next = try await fake.killed([])
        #expect(try await next.turn().changedFiles == ["b"])
        #expect(try switches(next).count == 1)
        #expect(a.asked == 1)
        try await next.finish()
    }

    @Test("A model whose window is full is passed by while the conversation is as long")
    func overflow() async throws {
        let small = FailingProvider([.init([], fails: .contextOverflow("long"))])
        let large = ScriptedProvider([Say.calls(write("1", "b", "b")), Say.text("Done.")])
        let catalog = ModelCatalog(
            [routed("small", small), routed("large", large)], roles: [.edit: ["small", "large"]])
        let fake = try await FakeSession(options(catalog), [])
        _ = try await fake.test.turn()
        #expect(small.asked == 1)
        #expect(try switches(fake.test).map(\.reason) == ["the conversation is too long for it"])
        try await fake.test.finish()
    }

    @Test("A title is one harmless line, and asked for only when somebody plays the role")
    func title() async throws {
        #expect(AgentSession.title(in: "\n \"Mend the \u{1B}[31mbuild\".\nmore") == "Mend the [31mbuild")
        #expect(AgentSession.title(in: " \n\n") == nil)
        #expect(AgentSession.title(in: String(repeating: "x", count: 500))?.count == 80)
        let loop = ScriptedProvider([Say.text("Hello.")])
        let titles = ScriptedProvider([Say.text("Mend it well")])
        let catalog = ModelCatalog([routed("a", loop), routed("t", titles)], roles: [.edit: ["a"], .title: ["t"]])
        let fake = try await FakeSession(options(catalog), [])
        _ = try await fake.test.turn()
        await fake.test.session.titleTask?.value
        #expect(fake.test.observed.titles.withLock { $0 } == ["Mend it well"])
        #expect(titles.requests.map(\.lastText) == ["mend it"])
        #expect(titles.requests.first?.tools.isEmpty == true)
        try await fake.test.finish()
    }

    @Test("Names begin a list where they stand in it, or stand alone")
    func candidates() throws {
        let models = ["a", "b", "c"].map { routed($0, ScriptedProvider([])) }
        let catalog = ModelCatalog(models, roles: [.edit: ["b", "a"], .title: ["c"]])
        func names(_ role: ModelRole, _ choice: String?) -> [String] {
            catalog.candidates(for: role, choice: choice).map(\.name)
        }
        #expect(names(.edit, nil) == ["b", "a"])
        #expect(names(.plan, nil) == ["b", "a"])
        #expect(names(.edit, "a") == ["a"])
        #expect(names(.edit, "c") == ["c"])
        #expect(names(.edit, "title") == ["c"])
        #expect(names(.edit, "nobody").isEmpty)
        #expect(names(.title, "a") == ["c"])
        #expect(names(.review, "a").isEmpty)
        #expect(names(.summarise, "a") == ["a"])
        #expect(catalog.names == ["b", "a", "c", "edit", "title"])
        #expect(ModelCatalog(models).candidates(for: .edit, choice: nil).map(\.name) == ["a"])
        #expect(throws: AgentError.self) { try ModelCatalog([RoutedModel]()).name(of: nil) }
    }
}
