import Secrets

extension ModelProviders {
    /// Model used when an Anthropic key is all there is.
    static let defaultAnthropicModel = "claude-sonnet-4-5"
    /// Model used when an OpenAI key is all there is.
    static let defaultOpenAIModel = "gpt-5"

    /// Settings from environment variables, or nil when they configure no model.
    ///
    /// `COFFERDAM_MODEL` is `anthropic:NAME`, `openai:NAME` or `replay:FILE`; without it the first of
    /// `ANTHROPIC_API_KEY` and `OPENAI_API_KEY` that is set decides. `COFFERDAM_MODEL_BASE_URL`, else
    /// `ANTHROPIC_BASE_URL` or `OPENAI_BASE_URL`, names another endpoint.
    /// - Throws: ``ModelError/notConfigured(_:)`` when the variables contradict each other or lack something.
    public static func settings(fromEnvironment environment: [String: String]) throws -> ModelSettings? {
        func variable(_ name: String) -> String? {
            environment[name].map(trimmed).flatMap { $0.isEmpty ? nil : $0 }
        }
        func keyed(_ provider: ModelSettings.Provider, _ model: String?) throws -> ModelSettings {
            let prefix = provider == .anthropic ? "ANTHROPIC" : "OPENAI"
            let baseURL = variable("COFFERDAM_MODEL_BASE_URL") ?? variable("\(prefix)_BASE_URL")
            let key = variable("\(prefix)_API_KEY").map(SecretString.init)
            guard key != nil || baseURL != nil else {
                throw ModelError.notConfigured("COFFERDAM_MODEL names \(provider.rawValue): set \(prefix)_API_KEY too.")
            }
            guard let name = model ?? (baseURL == nil ? defaultModel(of: provider) : nil) else {
                throw ModelError.notConfigured(
                    "A base URL is set: name a model of that endpoint in COFFERDAM_MODEL=\(provider.rawValue):NAME.")
            }
            return ModelSettings(provider: provider, model: name, baseURL: baseURL, apiKey: key)
        }

        if let choice = variable("COFFERDAM_MODEL") {
            let parts = choice.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[1].isEmpty, let provider = ModelSettings.Provider(rawValue: parts[0]) else {
                throw ModelError.notConfigured(
                    "COFFERDAM_MODEL is '\(choice)'; write anthropic:NAME, openai:NAME or replay:FILE.")
            }
            if provider == .replay {
                return ModelSettings(provider: .replay, model: fileName(parts[1]), replayFile: parts[1])
            }
            return try keyed(provider, parts[1])
        }
        if variable("ANTHROPIC_API_KEY") != nil { return try keyed(.anthropic, nil) }
        if variable("OPENAI_API_KEY") != nil { return try keyed(.openai, nil) }
        if variable("COFFERDAM_MODEL_BASE_URL") != nil {
            throw ModelError.notConfigured(
                "COFFERDAM_MODEL_BASE_URL is set without COFFERDAM_MODEL; write anthropic:NAME or openai:NAME.")
        }
        return nil
    }

    private static func defaultModel(of provider: ModelSettings.Provider) -> String? {
        switch provider {
        case .anthropic: defaultAnthropicModel
        case .openai: defaultOpenAIModel
        case .replay: nil
        }
    }

    static func fileName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    static func trimmed(_ text: String) -> String {
        let body = text.drop(while: \.isWhitespace)
        return String(body[..<(body.lastIndex { !$0.isWhitespace }.map(body.index(after:)) ?? body.startIndex)])
    }
}
