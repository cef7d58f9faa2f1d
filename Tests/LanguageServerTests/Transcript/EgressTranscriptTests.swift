import AgentProtocol
import Testing

@testable import LanguageServer

/// What a transcript says of the network.
struct EgressTranscriptTests {
    private func render(_ event: AgentEvent) -> String {
        var renderer = TranscriptRenderer()
        return renderer.render(.init(sessionId: "s", seq: 1, time: 45_296_000, event: event))
    }

    private func decided(_ verdict: EgressVerdict, host: String = "a.org", count: Int? = nil) -> AgentEvent {
        .egressDecided(
            EgressDecided(
                verdict: verdict, reason: "no rule allows it", scheme: "https", host: host, port: 443, path: "/x",
                phase: .closed, count: count))
    }

    @Test func refusalsAreShownAndWhatPassedIsNot() {
        #expect(render(decided(.deny)) == "\nNetwork: `https://a.org:443/x` refused: no rule allows it.\n")
        #expect(render(decided(.deny, count: 7)).hasSuffix("(7 times).\n"))
        #expect(render(decided(.deny, host: "")).contains("`a request` refused"))
        #expect(render(decided(.allow)) == "")
    }

    @Test func aHostileHostDoesNoHarm() {
        let text = render(decided(.deny, host: "a`.org\n# Heading\u{1B}[31m\u{202E}"))
        #expect(text.split(separator: "\n").count == 1)
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
    }

    @Test func rulesAreShownWithTheirAuthor() {
        let rules = [EgressRuleSummary(id: "r", rule: "https://a.org:443", intercepted: false)]
        #expect(
            render(.egressRulesChanged(.init(rules: rules, denied: ["https://b.org:443"], by: "alice", phase: .agent)))
                == "\nNetwork: The agent may reach `https://a.org:443`, but not `https://b.org:443` (set by alice).\n")
        #expect(
            render(.egressRulesChanged(.init(rules: [], denied: [], by: "service", phase: .setup)))
                == "\nNetwork: Setup steps may reach nothing (set by service).\n")
    }
}
