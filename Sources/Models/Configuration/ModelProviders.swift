/// Makes providers from settings, and settings from the environment or a configuration file.
public enum ModelProviders {
    /// A provider for `settings`; the HTTP ones retry by themselves as the settings say.
    /// - Throws: ``ModelError/notConfigured(_:)`` when the settings do not name a usable model.
    public static func make(_ settings: ModelSettings) throws -> any ModelProvider {
        switch settings.provider {
        case .anthropic:
            RetryingProvider(try AnthropicProvider(settings), policy: settings.retries)
        case .openai:
            RetryingProvider(try ChatCompletionsProvider(settings), policy: settings.retries)
        case .openaiResponses:
            RetryingProvider(try ResponsesProvider(settings), policy: settings.retries)
        case .gemini:
            RetryingProvider(try GeminiProvider(settings), policy: settings.retries)
        case .bedrock:
            RetryingProvider(try BedrockProvider(addressed(settings)), policy: settings.retries)
        case .command:
            RetryingProvider(try CommandProvider(settings), policy: settings.retries)
        case .replay:
            ReplayProvider(try Recording(reading: replayFile(of: settings)))
        }
    }

    /// Settings whose address follows from the region.
    private static func addressed(_ settings: ModelSettings) throws(ModelError) -> ModelSettings {
        guard let aws = settings.aws, aws.credentials != nil || settings.apiKey?.isEmpty == false else {
            throw .notConfigured(
                "The provider bedrock needs a region and credentials: set AWS_REGION, AWS_ACCESS_KEY_ID and "
                    + "AWS_SECRET_ACCESS_KEY.")
        }
        var settings = settings
        settings.baseURL = settings.baseURL ?? Bedrock.address(region: aws.region)
        return settings
    }

    private static func replayFile(of settings: ModelSettings) throws -> String {
        guard let file = settings.replayFile, !file.isEmpty else {
            throw ModelError.notConfigured("The provider replay needs a file: COFFERDAM_MODEL=replay:FILE.")
        }
        return file
    }
}
