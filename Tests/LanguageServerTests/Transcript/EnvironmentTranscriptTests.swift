import AgentProtocol
import Testing

@testable import LanguageServer

@Suite("An environment in the transcript")
struct EnvironmentTranscriptTests {
    private func render(_ events: [AgentEvent]) -> String {
        var renderer = TranscriptRenderer()
        return events.enumerated().map { index, event in
            renderer.render(.init(sessionId: "s", seq: index + 1, time: 45_296_000, event: event))
        }.joined()
    }

    private func completed(_ code: Int) -> AgentEvent {
        .setupCompleted(SetupCompleted(itemId: "i", result: Sample.result(code)))
    }

    @Test("A set-up reads as it happened, its control characters harmless")
    func setup() {
        let text = render([
            .environmentPreparing(EnvironmentPreparing(environment: "node", activity: .unpacking)),
            .setupStarted(SetupStarted(itemId: "i", command: ["npm", "ci"], step: 1, steps: 2)),
            .outputDelta(OutputDelta(itemId: "i", stream: .stdout, offset: 0, text: "added 3\u{1B}[31m\n")),
            completed(0),
            .environmentPrepared(
                EnvironmentPrepared(
                    environment: "node", setup: .ran, steps: 2, durationMilliseconds: 5, notes: ["a note\u{7}"])),
        ])
        #expect(text.contains("unpacking the environment node …"))
        #expect(text.contains("### Setup 1 of 2") && text.contains("$ npm ci"))
        #expect(text.contains("added 3") && text.contains("Setup exited with 0"))
        #expect(text.contains("Environment node, set up.") && text.contains("a note"))
        #expect(!text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 7 })
    }

    @Test(
        "Where it comes from is said", arguments: zip(SetupOrigin.allCases, [".", ", set up.", "earlier", "another"]))
    func origins(origin: SetupOrigin, words: String) {
        let event = EnvironmentPrepared(environment: "e", setup: origin, steps: 1, durationMilliseconds: 1)
        #expect(render([.environmentPrepared(event)]).contains(words))
        #expect(render([completed(7)]).contains("exited with 7"))
    }

    @Test("What the list of sessions shows meanwhile")
    func activity() {
        var view = SessionView(id: "s", folder: "/w", isFolderTrusted: true, isOwn: true, title: "t")
        view.absorb(.environmentPreparing(EnvironmentPreparing(environment: "e", activity: .waiting)))
        #expect(view.activity.contains("waiting for another session"))
        view.absorb(
            .setupStarted(SetupStarted(itemId: "i", command: ["/bin/sh", "-c", "make deps"], step: 1, steps: 1)))
        #expect(view.activity == "setup: make deps")
        view.absorb(completed(0))
        view.absorb(
            .environmentPrepared(EnvironmentPrepared(environment: "e", setup: .ran, steps: 1, durationMilliseconds: 1)))
        #expect(view.activity == "starting")
    }
}
