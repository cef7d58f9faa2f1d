import Secrets

/// A named model that can be asked.
public struct RoutedModel: Sendable {
    public let model: NamedModel
    /// Asked as it is when no other model could take over, and with less patience otherwise.
    public let provider: any ModelProvider

    public init(_ model: NamedModel, provider: any ModelProvider) {
        self.model = model
        self.provider = provider
    }

    public var name: String { model.name }

    /// What no text may show of how it is reached.
    public var secrets: [SecretString] { model.settings.secrets }
}
