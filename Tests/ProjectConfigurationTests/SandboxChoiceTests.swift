import ProjectConfiguration
import Testing

@Suite("sandbox:")
struct SandboxChoiceTests {
    private func read(_ text: String) throws -> SandboxChoice {
        try ProjectConfigurationLoader.load(yaml: Array(text.utf8), file: ".cofferdam.yaml").sandbox
    }

    @Test("Everything that it can say")
    func all() throws {
        #expect(try read("checks: []") == SandboxChoice())
        #expect(
            try read("sandbox: {environment: python, setupInputs: [tools/ci, a.txt], devcontainer: false}")
                == SandboxChoice(environment: "python", setupInputs: ["tools/ci", "a.txt"], devcontainer: false))
    }

    @Test(
        "Nothing else, and no path of the host",
        arguments: [
            "sandbox: python", "sandbox: {root: /}", "sandbox: {environment: 3}", "sandbox: {environment: \"\"}",
            "sandbox: {setupInputs: [/etc/passwd]}", "sandbox: {setupInputs: [../x]}", "sandbox: {devcontainer: 1}",
        ])
    func errors(text: String) {
        #expect(throws: ConfigurationError.self) { try read(text) }
    }
}
