import JSON
import Secrets
import Testing

@testable import Models

@Suite struct SettingsTests {
    private func settings(_ environment: [String: String]) throws -> ModelSettings? {
        try ModelProviders.settings(fromEnvironment: environment)
    }

    private func advice(_ body: () throws -> Void) throws -> String {
        let error = try #require(throws: ModelError.self) { try body() }
        guard case .notConfigured(let advice) = error else {
            Issue.record("\(error)")
            return ""
        }
        return advice
    }

    @Test func nothingConfigured() throws {
        #expect(try settings([:]) == nil)
        #expect(try settings(["ANTHROPIC_API_KEY": " ", "COFFERDAM_MODEL": "", "PATH": "/bin"]) == nil)
        // Set for other programs; by itself no wish to use it.
        #expect(try settings(["OPENAI_BASE_URL": "http://localhost:1/v1"]) == nil)
    }

    @Test func keyAlone() throws {
        let anthropic = try #require(try settings(["ANTHROPIC_API_KEY": "k-anthropic\n", "OPENAI_API_KEY": "k"]))
        #expect(anthropic.provider == .anthropic)
        #expect(anthropic.model == ModelProviders.defaultAnthropicModel)
        #expect(anthropic.apiKey?.reveal() == "k-anthropic")
        let openai = try #require(try settings(["OPENAI_API_KEY": "k"]))
        #expect(openai.provider == .openai)
        #expect(openai.model == ModelProviders.defaultOpenAIModel)
    }

    @Test func modelNamed() throws {
        let local = try #require(
            try settings(["COFFERDAM_MODEL": "openai:qwen:7b", "COFFERDAM_MODEL_BASE_URL": "http://localhost:1/v1"]))
        #expect(local.model == "qwen:7b")
        #expect(local.baseURL == "http://localhost:1/v1")
        #expect(local.apiKey == nil)
        let own = try #require(
            try settings([
                "COFFERDAM_MODEL": "anthropic:c", "ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "https://gateway",
                "OPENAI_BASE_URL": "https://other",
            ]))
        #expect(own.baseURL == "https://gateway")
        let replay = try #require(try settings(["COFFERDAM_MODEL": "replay:/a/b.json", "ANTHROPIC_API_KEY": "k"]))
        #expect(replay.provider == .replay)
        #expect(replay.replayFile == "/a/b.json")
        #expect(replay.model == "b.json")
    }

    @Test(arguments: [
        (["COFFERDAM_MODEL": "claude"], "write anthropic:NAME"),
        (["COFFERDAM_MODEL": "gemini:x"], "set GEMINI_API_KEY"),
        (["COFFERDAM_MODEL": "openai:"], "write anthropic:NAME"),
        (["COFFERDAM_MODEL": "anthropic:c"], "set ANTHROPIC_API_KEY"),
        (["COFFERDAM_MODEL": "openai:c", "ANTHROPIC_API_KEY": "k"], "set OPENAI_API_KEY"),
        (["OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://x/v1"], "name a model"),
        (["COFFERDAM_MODEL_BASE_URL": "https://x/v1"], "without COFFERDAM_MODEL"),
    ])
    func contradictions(environment: [String: String], part: String) throws {
        #expect(try advice { _ = try settings(environment) }.contains(part))
    }

    @Test func entry() async throws {
        try await withTemporaryFolder { folder in
            try SmallFile.replace("\(folder)/key", with: Array("k-file\n".utf8))
            let entry: JSON = [
                "provider": "openai", "model": "m", "base_url": "http://localhost:1/v1", "max_output_tokens": 99,
                "api_key_file": .string("\(folder)/key"), "headers": ["X-Team": "blue"],
            ]
            let settings = try ModelProviders.settings(from: entry, environment: ["OPENAI_API_KEY": "not this"])
            #expect(
                settings
                    == ModelSettings(
                        provider: .openai, model: "m", baseURL: "http://localhost:1/v1",
                        apiKey: SecretString("k-file"), maximumOutputTokens: 99,
                        headers: [.init(name: "X-Team", value: SecretString("blue"))]))
        }
        let named = try ModelProviders.settings(
            from: ["provider": "anthropic", "model": "m", "api_key_env": "MY_KEY"], environment: ["MY_KEY": "k"])
        #expect(named.apiKey?.reveal() == "k")
        let replay = try ModelProviders.settings(from: ["provider": "replay", "file": "r.json"], environment: [:])
        #expect(replay.replayFile == "r.json")
    }

    @Test(arguments: [
        ("[]", "must be a map"), (#"{"model":"m"}"#, "needs the key provider"),
        (#"{"provider":"openai"}"#, "needs the key model"), (#"{"provider":"x","model":"m"}"#, "Unknown provider 'x'"),
        (#"{"provider":"openai","model":"m","modle":1}"#, "Unknown key 'modle'"),
        (#"{"provider":"openai","model":3}"#, "'model'"),
        (#"{"provider":"openai","model":"m","max_output_tokens":0}"#, "max_output_tokens"),
        (#"{"provider":"openai","model":"m","headers":["x"]}"#, "'headers'"),
        (#"{"provider":"openai","model":"m","headers":{"x":1}}"#, "header 'x'"),
        (#"{"provider":"openai","model":"m","api_key_env":"NOPE"}"#, "NOPE"),
        (#"{"provider":"openai","model":"m","api_key_file":"/does/not/exist"}"#, "/does/not/exist"),
        (#"{"provider":"replay"}"#, "needs the key file"),
    ])
    func invalidEntries(text: String, part: String) throws {
        let entry = try JSON(parsing: text)
        #expect(try advice { _ = try ModelProviders.settings(from: entry, environment: [:]) }.contains(part))
    }

    @Test(arguments: [
        "localhost:1/v1", "ftp://host", "https://", "https://user:pw@host", "https://host/?key=x", "https://host/ x",
        "https://hö",
    ])
    func invalidBaseURLs(url: String) throws {
        let settings = ModelSettings(provider: .openai, model: "m", baseURL: url, apiKey: SecretString("k"))
        #expect(try advice { _ = try ModelProviders.make(settings) }.contains("base URL"))
    }

    @Test func headersCannotBeSmuggled() throws {
        var settings = ModelSettings(
            provider: .openai, model: "m", baseURL: "http://localhost:1/v1", apiKey: SecretString("k\r\nx-evil: 1"))
        #expect(try advice { _ = try ModelProviders.make(settings) }.contains("authorization"))
        settings.apiKey = nil
        settings.headers = [.init(name: "x y", value: SecretString("1"))]
        #expect(try advice { _ = try ModelProviders.make(settings) }.contains("'x y'"))
    }

    @Test func make() throws {
        #expect(
            try ModelProviders.make(
                ModelSettings(provider: .anthropic, model: "c", apiKey: SecretString("k"))
            ).identifier == "anthropic/c")
        #expect(
            try advice { _ = try ModelProviders.make(ModelSettings(provider: .openai, model: "m")) }.contains(
                "OPENAI_API_KEY"))
        #expect(
            try advice { _ = try ModelProviders.make(ModelSettings(provider: .replay, model: "m")) }.contains(
                "replay:FILE"))
    }

    @Test func secretsDoNotShow() {
        let settings = ModelSettings(
            provider: .openai, model: "m", apiKey: SecretString("canary-1234"),
            headers: [.init(name: "x", value: SecretString("canary-5678"))])
        var texts = ["\(settings)", String(reflecting: settings), String(describing: settings.apiKey)]
        var dumped = ""
        dump(settings, to: &dumped)
        texts.append(dumped)
        for text in texts { #expect(!text.contains("canary"), "\(text)") }
        #expect(dumped.contains("redacted"))
    }
}
