import Secrets

/// Makes providers from settings, and settings from the environment or a configuration file.
public enum ModelProviders {
    /// A provider for `settings`; the HTTP ones retry by themselves as the settings say.
    /// - Throws: ``ModelError/notConfigured(_:)`` when the settings do not name a usable model.
    /// - Parameter known: secrets that its errors do not show besides those of the settings; it is told the ones that the
    ///   provider reads later.
    public static func make(
        _ settings: ModelSettings, known: KnownSecrets = KnownSecrets()
    ) throws -> any ModelProvider {
        switch settings.provider {
        case .anthropic:
            RetryingProvider(try AnthropicProvider(settings, known), policy: settings.retries)
        case .openai:
            RetryingProvider(try ChatCompletionsProvider(settings, known), policy: settings.retries)
        case .openaiResponses:
            RetryingProvider(try ResponsesProvider(settings, known), policy: settings.retries)
        case .gemini:
            RetryingProvider(try GeminiProvider(settings, known), policy: settings.retries)
        case .bedrock:
            RetryingProvider(try BedrockProvider(addressed(settings), known), policy: settings.retries)
        case .command:
            RetryingProvider(try CommandProvider(settings, known), policy: settings.retries)
        case .replay:
            try replay(replayFile(of: settings), settings)
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

    /// What a file holds decides: recorded model traffic, or a conversation that was written by hand.
    private static func replay(_ file: String, _ settings: ModelSettings) throws -> any ModelProvider {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try SmallFile.read(file, maximumBytes: Recording.maximumFileBytes)
        } catch {
            throw ModelError.notConfigured("The recording \(file) cannot be read: \(error.reason).")
        }
        guard TrafficRecording.isRecording(bytes) else { return ReplayProvider(try Recording(reading: file)) }
        return TrafficProvider(
            try TrafficRecording(reading: file), name: settings.model, options: settings.replay)
    }

    private static func replayFile(of settings: ModelSettings) throws -> String {
        guard let file = settings.replayFile, !file.isEmpty else {
            throw ModelError.notConfigured("The provider replay needs a file: COFFERDAM_MODEL=replay:FILE.")
        }
        return file
    }
}
