import AgentProtocol
import Testing

@testable import Service

/// Names and texts of what is published, made of hostile parts; and what the service's file says of them.
struct PublishTextTests {
    @Test func branchesComeOfAnyTitle() {
        let template = "cofferdam/{session}-{slug}"
        for (title, name) in [
            ("Mend the Parser!", "cofferdam/s1-mend-the-parser"), ("../../etc", "cofferdam/s1-etc"),
            ("\u{202E}\n$(rm)", "cofferdam/s1-rm"), ("{session}", "cofferdam/s1-session"), ("", "cofferdam/s1-work"),
            (".lock", "cofferdam/s1-lock"), ("\u{4F60}\u{597D}", "cofferdam/s1-work"),
        ] {
            #expect(PublishText.branch(template, session: "s1", title: title, user: "u") == name)
        }
        let long = PublishText.branch(template, session: "s1", title: String(repeating: "a b", count: 500), user: "u")
        #expect(BranchName.isValid(long))
    }

    @Test func messagesHaveOneSubjectAndTheirTrailers() {
        let text = PublishText.message(
            title: "One\nCofferdam-Checks: all passed", session: "s1", model: "m\nX: y", evidence: PublishEvidence())
        #expect(text == "One\n\nCofferdam-Session: s1\nCofferdam-Model: m\nCofferdam-Checks: none\n")
    }

    @Test func whatChecksAreCalledStaysInItsCell() {
        let check = CheckEvidence(
            name: "a | b <img> @team #1 [x](y)\n# c", command: [], required: true, passed: false,
            result: CommandResult(
                status: .exited, exitCode: 1, durationMilliseconds: 1, stdoutBytes: 0, stderrBytes: 0),
            errors: 2, warnings: 0, treeHash: "t")
        let evidence = PublishEvidence(outcome: .unverified, checks: [check], gap: "Merged.")
        let body = PublishText.body(nil, template: "Say why.\n", prompt: "Mend it", evidence: evidence)
        #expect(body.hasPrefix("Say why.\n\n\n> Mend it\n\n### Checks"))
        #expect(body.contains("| yes | failed | 2 |  |") && body.contains("**Not verified.**\nMerged."))
        for part in ["@team", "<img>", "[x]", "#1", "\n# c"] { #expect(!body.contains(part), "\(part)") }
        let huge = PublishText.body(
            String(repeating: "x", count: 1 << 20), template: String(repeating: "y", count: 1 << 20), prompt: "",
            evidence: evidence)
        #expect(huge.utf8.count < 60_010)
    }

    private func parse(_ text: String) throws -> PublishSettings {
        try ServiceFile.parse(Array(text.utf8), file: "service.yaml").publish
    }

    @Test func theServicesFileIsRead() throws {
        let settings = try parse(
            """
            publish:
              branch: bots/{user}/{session}
              committer: {name: C, email: c@example.com}
              signingKey: /k
              draft: false
              reviewers: [alice]
              paths: {ask: [deploy/**], deny: [secrets/**]}
            """)
        #expect(settings.branch == "bots/{user}/{session}" && settings.signingKey == "/k" && !settings.draft)
        let sorted = settings.sort(["deploy/x", "a/b/CODEOWNERS", "Secrets/x", ".github/workflows/a.yml", "src/x"])
        #expect(sorted.ask == ["deploy/x", "a/b/CODEOWNERS", ".github/workflows/a.yml"])
        #expect(sorted.deny == ["Secrets/x"])
        for wrong in [
            "publish: {branch: main}", "publish: {branch: \"a b{session}\"}", "publish: {signingKey: k}",
            "publish: {committer: {name: x}}", "publish: {force: true}", "publish: {paths: {allow: [x]}}",
        ] {
            #expect(throws: (any Error).self, "\(wrong)") { try parse(wrong) }
        }
    }
}
