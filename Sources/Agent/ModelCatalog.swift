import Models

/// The models that the service offers, by name.
public struct ModelCatalog: Sendable {
    /// Names in order; the first is the default.
    public let names: [String]
    private let providers: [String: any ModelProvider]

    public init(_ providers: [(name: String, provider: any ModelProvider)]) {
        names = providers.map(\.name)
        self.providers = Dictionary(providers.map { ($0.name, $0.provider) }) { first, _ in first }
    }

    /// - Parameter name: nil for the default.
    /// - Throws: `AgentError.noModel` with what to do.
    public func provider(_ name: String?) throws(AgentError) -> (name: String, provider: any ModelProvider) {
        guard let wanted = name ?? names.first else {
            throw .noModel(
                "no model is configured: set ANTHROPIC_API_KEY or OPENAI_API_KEY (with OPENAI_BASE_URL for a local "
                    + "endpoint), or COFFERDAM_MODEL, before the service starts, or name models in models.yaml")
        }
        guard let provider = providers[wanted] else {
            throw .noModel("no model `\(wanted)` is configured; there are: \(names.joined(separator: ", "))")
        }
        return (wanted, provider)
    }
}
