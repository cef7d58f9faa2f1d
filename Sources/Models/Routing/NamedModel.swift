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

    /// What fails together with it: models of one endpoint share its outages. A recording fails alone.
    var endpoint: String {
        if settings.provider == .replay { return "replay \(name)" }
        return "\(settings.provider.rawValue) \(settings.baseURL ?? "")"
    }
}
