/// Reads streams without a network, for measurements.
package enum StreamReading {
    /// The answer that the chunks of a provider's stream come to.
    /// - Throws: as the provider does; for one that is no HTTP endpoint ``ModelError/notConfigured(_:)``.
    package static func answer(
        _ chunks: some Sequence<ArraySlice<UInt8>>, from settings: ModelSettings
    ) throws -> ModelResponse {
        switch settings.provider {
        case .anthropic: try read(AnthropicMessages(settings, baseURL: ""), chunks)
        case .openai: try read(ChatCompletions(settings, baseURL: ""), chunks)
        case .openaiResponses: try read(Responses(settings, baseURL: ""), chunks)
        case .gemini: try read(Gemini(settings, baseURL: ""), chunks)
        case .bedrock: try read(Bedrock(settings, baseURL: ""), chunks)
        case .command, .replay: throw ModelError.notConfigured("This provider is no HTTP endpoint.")
        }
    }

    private static func read<Format: WireFormat>(
        _ format: Format, _ chunks: some Sequence<ArraySlice<UInt8>>
    ) throws -> ModelResponse {
        var parser = Format.Framing(maximumLineBytes: ModelLimits().maximumLineBytes)
        var decoder = format.makeDecoder()
        for chunk in chunks {
            for event in try parser.feed(chunk) where !decoder.isComplete { _ = try decoder.decode(event) }
        }
        return try decoder.finish()
    }
}
