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
                "no model is configured: set ANTHROPIC_API_KEY, OPENAI_API_KEY or COFFERDAM_MODEL, or write "
                    + "~/.config/cofferdam/models.yaml; then end a service that runs already: cofferdam stop --service")
        }
        guard let provider = providers[wanted] else {
            throw .noModel("no model `\(wanted)` is configured; there are: \(names.joined(separator: ", "))")
        }
        return (wanted, provider)
    }
}
