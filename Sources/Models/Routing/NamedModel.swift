/// A model of `models.yaml`: how it is reached, and what is known of it.
public struct NamedModel: Sendable {
    /// What users and roles call it.
    public var name: String
    public var settings: ModelSettings
    /// Tokens that it can read and write in one turn, together; nil when nobody said.
    public var contextWindow: Int?
    /// nil when nobody said: what it costs is then unknown, which is not the same as nothing.
    public var prices: ModelPrices?
    public var capabilities: ModelCapabilities

    public init(
        name: String, settings: ModelSettings, contextWindow: Int? = nil, prices: ModelPrices? = nil,
        capabilities: ModelCapabilities = ModelCapabilities()
    ) {
        self.name = name
        self.settings = settings
        self.contextWindow = contextWindow
        self.prices = prices
        self.capabilities = capabilities
    }

    /// Whether pictures are sent to it.
    public var readsImages: Bool { capabilities.images && settings.quirks.images }

    /// What fails together with it: models of one endpoint share its outages; each region of AWS is one, and so is each
    /// program, whatever it is told. A recording fails alone.
    var endpoint: String {
        let place =
            switch settings.provider {
            case .replay: name
            case .bedrock: settings.baseURL ?? settings.aws?.region ?? ""
            case .command: settings.command?.arguments.first ?? ""
            case .anthropic, .openai, .openaiResponses, .gemini: settings.baseURL ?? ""
            }
        return "\(settings.provider.rawValue) \(place)"
    }
}
