import Testing

@testable import Models

@Suite("Pictures on their way to models")
struct RouterPictureTests {
    private let picture = ImageContent(mediaType: "image/png", data: [1])
    private let other = ImageContent(mediaType: "image/png", data: [2])

    private func request(_ content: ContentBlock...) -> ModelRequest {
        ModelRequest(messages: [ModelMessage(role: .user, content: content)], sessionKey: "s")
    }

    private func model(_ name: String, _ provider: ScriptedProvider, reads: Bool = true) -> RoutedModel {
        RoutedModel(
            NamedModel(
                name: name, settings: ModelSettings(provider: .replay, model: name),
                capabilities: ModelCapabilities(images: reads)), provider: provider)
    }

    private func answering() -> ScriptedProvider {
        let answer = ModelResponse(model: "m", content: [.text("ok")], stopReason: .endTurn)
        return ScriptedProvider([([.completed(answer)], nil), ([.completed(answer)], nil)])
    }

    private func events(
        _ request: ModelRequest, _ models: [RoutedModel], previous: String? = nil,
        _ refused: RefusedPictures = RefusedPictures()
    ) async throws -> [ModelEvent] {
        var events: [ModelEvent] = []
        let router = ModelRouter(health: ModelHealth())
        for try await event in router.stream(request, models, previous: previous, refused: refused) {
            events.append(event)
        }
        return events
    }

    @Test("A model that cannot look at them is passed by, and the event says why; without pictures it is asked")
    func passedBy() async throws {
        let blind = answering()
        let seeing = answering()
        let models = [model("blind", blind, reads: false), model("seeing", seeing)]
        let shown = request(.text("look"), .image(picture))
        let told = try await events(shown, models, previous: "blind")
        #expect(
            told.first
                == .switched(ModelSwitch(from: "blind", to: "seeing", reason: "blind cannot look at pictures")))
        #expect(blind.requests.isEmpty)
        #expect(seeing.requests == [shown])
        _ = try await events(request(.text("go")), models)
        #expect(blind.requests.count == 1)
    }

    @Test("Where only a blind model is left, words stand in their place, in results too")
    func words() async throws {
        let down = ScriptedProvider([([], ModelError.network("down"))])
        let blind = answering()
        let result = ToolResult(callID: "1", text: "logo.png", images: [picture])
        let told = try await events(
            request(.image(picture), .toolResult(result)), [model("blind", blind, reads: false), model("down", down)])
        #expect(
            told.first
                == .switched(
                    ModelSwitch(
                        from: "down", to: "blind",
                        reason: "it could not be reached; blind cannot look at pictures")))
        let note = "[A picture was here, which this model cannot look at.]"
        #expect(
            blind.requests == [
                request(.text(note), .toolResult(ToolResult(callID: "1", text: "logo.png\n\(note)")))
            ])
    }

    @Test("Pictures that an endpoint refuses are left out, now and later; new ones are sent")
    func refused() async throws {
        let answer = ModelResponse(model: "m", content: [.text("ok")], stopReason: .endTurn)
        let provider = ScriptedProvider([
            ([], ModelError.invalidRequest("Could not process image")), ([.completed(answer)], nil),
            ([.completed(answer)], nil),
        ])
        let models = [model("a", provider)]
        let refused = RefusedPictures()
        let told = try await events(request(.image(picture)), models, refused)
        guard case .retrying(let reason, .zero) = told.first else {
            Issue.record("\(told)")
            return
        }
        #expect(reason.contains("Could not process image"))
        _ = try await events(request(.image(picture), .image(other)), models, refused)
        let note = ContentBlock.text(ContentBlock.refusedPicture)
        #expect(
            provider.requests == [request(.image(picture)), request(note), request(note, .image(other))])
    }

    @Test("A request that is refused without its pictures too was wrong otherwise")
    func notThePictures() async throws {
        let provider = ScriptedProvider([
            ([], ModelError.invalidRequest("first")), ([], ModelError.invalidRequest("second")),
        ])
        let refused = RefusedPictures()
        await #expect(throws: ModelError.invalidRequest("first")) {
            try await events(request(.image(picture)), [model("a", provider)], refused)
        }
        #expect(refused.of("a").isEmpty)
    }

    @Test(
        "Of too many pictures the oldest go, several at a time, and never all",
        arguments: [
            ([], 0), ([Int](repeating: 1, count: 20), 0), ([Int](repeating: 1, count: 21), 5),
            ([Int](repeating: 1, count: 26), 10), ([Int](repeating: 3_700_000, count: 4), 1),
            ([ModelLimits.pictureBytes + 1], 1), ([5, ModelLimits.pictureBytes, 1], 2),
        ])
    func dropped(lengths: [Int], expected: Int) {
        #expect(ModelRequest.dropped(lengths) == expected)
    }
}
