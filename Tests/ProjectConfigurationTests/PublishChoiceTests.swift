import ProjectConfiguration
import Testing

@Suite("publish:")
struct PublishChoiceTests {
    private func read(_ text: String) throws -> PublishChoice {
        try ProjectConfigurationLoader.load(yaml: Array(text.utf8), file: ".cofferdam.yaml").publish
    }

    @Test("Everything that it can say")
    func all() throws {
        #expect(try read("checks: []") == PublishChoice())
        #expect(
            try read("publish: {reviewers: [a, b], labels: [x], template: docs/c.md, ask: [d/**], deny: [e]}")
                == PublishChoice(
                    reviewers: ["a", "b"], labels: ["x"], template: "docs/c.md", ask: ["d/**"], deny: ["e"]))
    }

    @Test(
        "Nothing that would widen what the service allows, and no path of the host",
        arguments: [
            "publish: true", "publish: {remote: https://host/a}", "publish: {branch: x}", "publish: {draft: false}",
            "publish: {template: /etc/passwd}", "publish: {template: ../x}", "publish: {reviewers: a}",
            "publish: {labels: [\"\"]}",
        ])
    func errors(text: String) {
        #expect(throws: ConfigurationError.self) { try read(text) }
    }
}
