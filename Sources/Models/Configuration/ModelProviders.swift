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
        case .replay:
            ReplayProvider(try Recording(reading: replayFile(of: settings)))
        }
    }

    private static func replayFile(of settings: ModelSettings) throws -> String {
        guard let file = settings.replayFile, !file.isEmpty else {
            throw ModelError.notConfigured("The provider replay needs a file: COFFERDAM_MODEL=replay:FILE.")
        }
        return file
    }
}
