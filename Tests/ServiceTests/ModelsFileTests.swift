import Models
import TestSupport
import Testing

@testable import Service

@Suite("models.yaml")
struct ModelsFileTests {
    private func parse(_ text: String, _ environment: [String: String] = ["ANTHROPIC_API_KEY": "k"]) throws
        -> [String: NamedModel]
    {
        let catalog = try ModelsFile.parse(Array(text.utf8), file: "models.yaml", environment: environment)
        return Dictionary(uniqueKeysWithValues: catalog.models.map { ($0.name, $0.model) })
    }

    @Test("The example of the handbook is one that the service takes")
    func example() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let path = "\(root)/Protocol/examples/models.yaml"
        let catalog = try ModelsFile.load(path, environment: ["ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"])
        #expect(Set(catalog.roles.keys) == Set(ModelRole.allCases))
        #expect(catalog.candidates(for: .edit, choice: nil).map(\.name) == ["sonnet", "gpt", "local"])
        let sonnet = try #require(catalog.model("sonnet")?.model)
        #expect(sonnet.contextWindow == 200_000)
        #expect(
            sonnet.prices
                == ModelPrices(input: 3_000_000, output: 15_000_000, cacheRead: 300_000, cacheWrite: 3_750_000))
    }

    @Test("What earlier files said still holds")
    func former() throws {
        let text = """
            models:
              sonnet: {provider: anthropic, model: claude-sonnet-4-5}
              local:  {provider: openai, model: q, base_url: "http://127.0.0.1:8000/v1"}
            roles:
              edit: [local]
            """
        let catalog = try ModelsFile.parse(Array(text.utf8), file: "m", environment: ["ANTHROPIC_API_KEY": "k"])
        #expect(catalog.names == ["local", "sonnet", "edit"])
        #expect(try parse(text)["local"]?.prices == nil)
    }

    @Test(
        "A mistake is told with its place",
        arguments: [
            ("models:\n  a: {provider: openai, model: m, base_url: 'http://x', colour: red}", 2, "colour"),
            (
                "models:\n  a:\n    provider: openai\n    model: m\n    base_url: http://x\n    context_window: big", 6,
                "whole number"
            ),
            ("modles: {}", 1, "modles"),
            ("models:\n  a: {provider: openai, model: m, base_url: 'http://x'}\nroles:\n  edti: [a]", 4, "edti"),
            ("models:\n  a: {provider: openai, model: m, base_url: 'http://x'}\nroles:\n  edit: [a, b]", 4, "`b`"),
            ("models:\n  a: {provider: openai, model: m, base_url: 'http://x'}\nroles:\n  edit: [a, a]", 4, "already"),
            ("models:\n  a: {provider: openai, model: m, base_url: 'http://x'}\nroles:\n  edit: []", 4, "empty"),
            ("models:\n  a: {provider: nobody, model: m}", 2, "nobody"),
            (
                "models:\n  a:\n    provider: openai\n    model: m\n    base_url: http://x\n    prices: {input: -1, output: 2}",
                6, "dollars"
            ),
            (
                "models:\n  a:\n    provider: openai\n    model: m\n    base_url: http://x\n    prices: {input: 1}", 6,
                "output"
            ),
            ("models:\n  a:\n    provider: openai\n    model: m\n    api_key_command: pass show x", 5, "list of words"),
            ("models:\n  a:\n    provider: openai\n    model: m\n    api_key_command: [pass]", 5, "absolute"),
            (
                "models:\n  a:\n    provider: openai\n    model: m\n    api_key_command: [/bin/x]\n    api_key_env: K",
                6,
                "both"
            ),
            (
                "models:\n  a: {provider: openai, model: m, base_url: 'http://x', capabilities: {tools: false}}\n"
                    + "roles: {edit: a}", 3, "no tools"
            ),
            ("models: {}", 1, "at least one"),
        ])
    func mistakes(text: String, line: Int, word: String) throws {
        let error = try #require(throws: (any Error).self) { try parse(text) }
        #expect("\(error)".hasPrefix("models.yaml:\(line):"), "\(error)")
        #expect("\(error)".contains(word), "\(error)")
    }

    @Test("A program's key is asked for when it is needed, kept, and asked for anew when it was refused")
    func command() async throws {
        let folder = try TemporaryFolder()
        try folder.write("count", "")
        let script = "\(folder.path)/key"
        try folder.write("key", "#!/bin/sh\necho x >> \(folder.path)/count\necho key\n")
        let key = CommandKey(["/bin/sh", script])
        #expect(try await key.key().reveal() == "key")
        #expect(try await key.key().reveal() == "key")
        #expect(folder.readText("count") == "x\n")
        await key.refused()
        _ = try await key.key()
        #expect(folder.readText("count") == "x\nx\n")
        await #expect(throws: (any Error).self) { try await CommandKey(["/bin/false"]).key() }
    }
}
