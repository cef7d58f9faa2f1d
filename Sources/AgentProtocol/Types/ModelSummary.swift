/// A model of the service's configuration, without its secrets.
public struct ModelSummary: Codable, Sendable, Equatable {
    /// As `models.yaml` names it.
    public var name: String
    public var provider: String
    /// As the provider names it.
    public var model: String
    /// Tokens that it can read and write in one turn, together; absent when nobody said.
    public var contextWindow: Int?
    /// True while it is passed by after a failure.
    public var resting: Bool
    /// Whether it looks at pictures.
    public var readsImages: Bool

    public init(
        name: String, provider: String, model: String, contextWindow: Int?, resting: Bool, readsImages: Bool
    ) {
        self.name = name
        self.provider = provider
        self.model = model
        self.contextWindow = contextWindow
        self.resting = resting
        self.readsImages = readsImages
    }
}
