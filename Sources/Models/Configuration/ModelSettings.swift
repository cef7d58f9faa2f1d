import Secrets

/// Which model to use and how to reach it. Values are checked when they are made, by ``ModelProviders``.
public struct ModelSettings: Sendable, Equatable {
    public enum Provider: String, Sendable, CaseIterable {
        /// Anthropic Messages API.
        case anthropic
        /// OpenAI-compatible Chat Completions API, of any server.
        case openai
        /// OpenAI Responses API.
        case openaiResponses = "openai-responses"
        /// Google Gemini API.
        case gemini
        /// Amazon Bedrock, Converse API.
        case bedrock
        /// A program of the host that speaks `Protocol/model-command.md`.
        case command
        /// A recorded conversation.
        case replay
    }

    /// An HTTP header that is sent along; its value may be a secret.
    public struct Header: Sendable, Equatable {
        public var name: String
        public var value: SecretString

        public init(name: String, value: SecretString) {
            self.name = name
            self.value = value
        }
    }

    public var provider: Provider
    /// Name of the model, as the endpoint knows it. For `replay` the name of the recording.
    public var model: String
    /// Where the API is; nil for the vendor's own address. Anthropic: without `/v1`; OpenAI: with it.
    public var baseURL: String?
    /// Key of the API. Local endpoints need none.
    public var apiKey: SecretString?
    /// Upper bound of output tokens per turn, unless the request says otherwise.
    public var maximumOutputTokens: Int
    public var headers: [Header]
    /// Whether the answer is asked for as a stream. Only for endpoints that cannot: without one nothing shows until
    /// the answer is complete, and it must be so before the idle timeout.
    public var streams: Bool
    /// The recording that `replay` plays.
    public var replayFile: String?
    /// How `replay` plays recorded model traffic.
    public var replay = TrafficPlayer.Options()
    /// In what the endpoint differs from others of its API.
    public var quirks: ModelQuirks
    /// Tokens that the model may think for, where the API counts them: Anthropic, Gemini, Bedrock. Nil leaves it to the
    /// vendor.
    public var thinkingBudget: Int?
    /// How hard the model is to think, in the vendor's words (`low`, `medium`, `high`): OpenAI, Responses.
    public var reasoningEffort: String?
    /// Where `bedrock` is and who asks.
    public var aws: AWSAccess?
    /// The program of `command`.
    public var command: ModelCommand?
    public var limits: ModelLimits
    public var retries: RetryPolicy

    /// Enough for a long file in one tool call; every current model allows it.
    public static let defaultMaximumOutputTokens = 16_384

    public init(
        provider: Provider,
        model: String,
        baseURL: String? = nil,
        apiKey: SecretString? = nil,
        maximumOutputTokens: Int = ModelSettings.defaultMaximumOutputTokens,
        headers: [Header] = [],
        streams: Bool = true,
        replayFile: String? = nil,
        limits: ModelLimits = ModelLimits(),
        retries: RetryPolicy = RetryPolicy()
    ) {
        self.provider = provider
        self.model = model
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.maximumOutputTokens = maximumOutputTokens
        self.headers = headers
        self.streams = streams
        self.replayFile = replayFile
        quirks =
            provider == .openai && baseURL == nil || provider == .openaiResponses
            ? ModelQuirks(.openai) : ModelQuirks()
        self.limits = limits
        self.retries = retries
    }

    /// Every secret of these settings.
    public var secrets: [SecretString] {
        [apiKey].compactMap { $0 } + headers.map(\.value) + (aws?.secrets ?? []) + (command?.secrets ?? [])
    }
}
