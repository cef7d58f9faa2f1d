import Secrets

extension ModelProviders {
    /// Model used when an Anthropic key is all there is.
    static let defaultAnthropicModel = "claude-sonnet-4-5"
    /// Model used when an OpenAI key is all there is.
    static let defaultOpenAIModel = "gpt-5"
    /// Model used when a Gemini key is all there is.
    static let defaultGeminiModel = "gemini-2.5-pro"
    private static let usage =
        "write anthropic:NAME, openai:NAME, openai-responses:NAME, gemini:NAME, bedrock:ID, command:PROGRAM or replay:FILE"

    /// Settings from environment variables, or nil when they configure no model.
    ///
    /// `COFFERDAM_MODEL` is `anthropic:NAME`, `openai:NAME`, `openai-responses:NAME`, `gemini:NAME`, `bedrock:ID`,
    /// `command:PROGRAM` (words apart by blanks) or `replay:FILE`; without it the first of `ANTHROPIC_API_KEY`,
    /// `OPENAI_API_KEY` and `GEMINI_API_KEY` (or `GOOGLE_API_KEY`) that is set decides. `COFFERDAM_MODEL_BASE_URL`,
    /// else `ANTHROPIC_BASE_URL` or `OPENAI_BASE_URL`, names another endpoint; `COFFERDAM_MODEL_PRESET` what kind of
    /// OpenAI-compatible one. AWS's variables are the usual ones (``AWSAccess``).
    /// - Throws: ``ModelError/notConfigured(_:)`` when the variables contradict each other or lack something.
    public static func settings(fromEnvironment environment: [String: String]) throws -> ModelSettings? {
        func variable(_ name: String) -> String? {
            environment[name].map(trimmed).flatMap { $0.isEmpty ? nil : $0 }
        }
        func keyed(_ provider: ModelSettings.Provider, _ model: String?) throws -> ModelSettings {
            let prefix = provider == .anthropic ? "ANTHROPIC" : provider == .gemini ? "GEMINI" : "OPENAI"
            let baseURL = variable("COFFERDAM_MODEL_BASE_URL") ?? variable("\(prefix)_BASE_URL")
            let key = keyVariables(of: provider).lazy.compactMap(variable).first.map(SecretString.init)
            guard key != nil || baseURL != nil else {
                throw ModelError.notConfigured("COFFERDAM_MODEL names \(provider.rawValue): set \(prefix)_API_KEY too.")
            }
            guard let name = model ?? (baseURL == nil ? defaultModel(of: provider) : nil) else {
                throw ModelError.notConfigured(
                    "A base URL is set: name a model of that endpoint in COFFERDAM_MODEL=\(provider.rawValue):NAME.")
            }
            var settings = ModelSettings(provider: provider, model: name, baseURL: baseURL, apiKey: key)
            if let preset = variable("COFFERDAM_MODEL_PRESET") {
                settings.quirks = ModelQuirks(try self.preset(preset))
            }
            return settings
        }

        if let choice = variable("COFFERDAM_MODEL") {
            let parts = choice.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[1].isEmpty, let provider = ModelSettings.Provider(rawValue: parts[0]) else {
                throw ModelError.notConfigured("COFFERDAM_MODEL is '\(choice)'; \(usage).")
            }
            switch provider {
            case .replay:
                return ModelSettings(provider: .replay, model: fileName(parts[1]), replayFile: parts[1])
            case .bedrock:
                let key = variable("AWS_BEARER_TOKEN_BEDROCK").map(SecretString.init)
                var settings = ModelSettings(
                    provider: .bedrock, model: parts[1], baseURL: variable("COFFERDAM_MODEL_BASE_URL"), apiKey: key)
                settings.aws = try AWSAccess.fromEnvironment(environment, needsKeys: key == nil)
                return settings
            case .command:
                let words = parts[1].split(separator: " ").map(String.init)
                guard let program = words.first else {
                    throw ModelError.notConfigured("COFFERDAM_MODEL is '\(choice)'; \(usage).")
                }
                var settings = ModelSettings(provider: .command, model: fileName(program))
                settings.command = ModelCommand(arguments: words)
                return settings
            case .anthropic, .openai, .openaiResponses, .gemini:
                return try keyed(provider, parts[1])
            }
        }
        if variable("ANTHROPIC_API_KEY") != nil { return try keyed(.anthropic, nil) }
        if variable("OPENAI_API_KEY") != nil { return try keyed(.openai, nil) }
        if keyVariables(of: .gemini).contains(where: { variable($0) != nil }) { return try keyed(.gemini, nil) }
        if variable("COFFERDAM_MODEL_BASE_URL") != nil {
            throw ModelError.notConfigured("COFFERDAM_MODEL_BASE_URL is set without COFFERDAM_MODEL; \(usage).")
        }
        return nil
    }

    private static func defaultModel(of provider: ModelSettings.Provider) -> String? {
        switch provider {
        case .anthropic: defaultAnthropicModel
        case .openai: defaultOpenAIModel
        case .openaiResponses: defaultOpenAIModel
        case .gemini: defaultGeminiModel
        case .bedrock, .command, .replay: nil
        }
    }

    /// Variables that may hold a provider's key; the first that is set counts.
    static func keyVariables(of provider: ModelSettings.Provider) -> [String] {
        switch provider {
        case .anthropic: ["ANTHROPIC_API_KEY"]
        case .openai, .openaiResponses: ["OPENAI_API_KEY"]
        case .gemini: ["GEMINI_API_KEY", "GOOGLE_API_KEY"]
        case .bedrock: ["AWS_BEARER_TOKEN_BEDROCK"]
        case .command, .replay: []
        }
    }

    static func preset(_ name: String) throws(ModelError) -> ModelQuirks.Preset {
        guard let preset = ModelQuirks.Preset(rawValue: name) else {
            let known = ModelQuirks.Preset.allCases.map(\.rawValue).joined(separator: ", ")
            throw .notConfigured("Unknown preset '\(EndpointFailure.quotable(name))'; known are \(known).")
        }
        return preset
    }

    static func fileName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    static func trimmed(_ text: String) -> String {
        let body = text.drop(while: \.isWhitespace)
        return String(body[..<(body.lastIndex { !$0.isWhitespace }.map(body.index(after:)) ?? body.startIndex)])
    }
}
