import Models

/// The models that the service offers, by name, and the roles that they play.
///
/// Which of them rest after a failure is the same for all sessions of the service.
public struct ModelCatalog: Sendable {
    /// In the order of the file.
    public let models: [RoutedModel]
    /// Models of each role that has a list, best first.
    public let roles: [ModelRole: [String]]
    public let health: ModelHealth
    private let byName: [String: RoutedModel]

    /// - Parameter roles: names of `models`; others are left out.
    public init(
        _ models: [RoutedModel], roles: [ModelRole: [String]] = [:], health: ModelHealth = ModelHealth()
    ) {
        self.models = models
        self.health = health
        let byName = Dictionary(models.map { ($0.name, $0) }) { first, _ in first }
        self.byName = byName
        self.roles = roles.mapValues { $0.filter { byName[$0] != nil } }.filter { !$0.value.isEmpty }
    }

    /// Models of which no more than a provider is known.
    public init(_ providers: [(name: String, provider: any ModelProvider)]) {
        self.init(
            providers.map { name, provider in
                RoutedModel(
                    NamedModel(name: name, settings: ModelSettings(provider: .replay, model: name)), provider: provider)
            })
    }

    /// The models of a recording; a replay answers for all of them.
    public init(replaying header: TrafficHeader) {
        self.init(header.models.map { RoutedModel($0, provider: ReplayedModel(name: $0.name)) }, roles: header.roles)
    }

    /// What users can name: models, the default first, and roles that have a list.
    public var names: [String] {
        let first = candidates(for: .edit, choice: nil).first?.name
        let others = models.map(\.name).filter { $0 != first }
        let lists = ModelRole.allCases.filter { roles[$0] != nil && byName[$0.rawValue] == nil }
        return [first].compactMap { $0 } + others + lists.map(\.rawValue)
    }

    public func model(_ name: String) -> RoutedModel? { byName[name] }

    /// The models to ask for a role, best first; empty when nobody plays it.
    ///
    /// A choice is about the loop: the name of a model begins the role's list at that model, or is the only one when
    /// it is not in the list; the name of a role is that role's list. So naming the last one, or one that plays no
    /// role, keeps the conversation from every other.
    public func candidates(for role: ModelRole, choice: String?) -> [RoutedModel] {
        switch role {
        case .title, .review: return listed(role)
        case .summarise: return roles[role] == nil ? candidates(for: .edit, choice: choice) : listed(role)
        case .plan, .edit: break
        }
        let usual = roles[role] ?? roles[.edit] ?? models.first.map { [$0.name] } ?? []
        guard let choice else { return usual.compactMap { byName[$0] } }
        if let model = byName[choice] {
            guard let position = usual.firstIndex(of: choice) else { return [model] }
            return usual[position...].compactMap { byName[$0] }
        }
        return ModelRole(rawValue: choice).map(listed) ?? []
    }

    /// Checks that pictures would be looked at.
    ///
    /// - Parameter choice: nil for the default. A model that is named must read them itself; of a list, one must.
    /// - Throws: `AgentError.invalidParams` with what to do.
    public func checkReadsImages(_ choice: String?, for role: ModelRole) throws(AgentError) {
        let readers = models.filter(\.model.readsImages).map { "`\($0.name)`" }
        let advice =
            readers.isEmpty ? "no model of the service can" : "name one that can: \(readers.joined(separator: ", "))"
        if let choice, let named = byName[choice] {
            guard !named.model.readsImages else { return }
            throw .invalidParams("the model `\(choice)` cannot look at pictures; \(advice)")
        }
        guard !candidates(for: role, choice: choice).contains(where: \.model.readsImages) else { return }
        throw .invalidParams("no model that would be asked can look at pictures; \(advice)")
    }

    private func listed(_ role: ModelRole) -> [RoutedModel] { roles[role, default: []].compactMap { byName[$0] } }

    /// The name of the model that a choice begins with.
    /// - Parameter choice: nil for the default.
    /// - Throws: `AgentError.noModel` with what to do.
    public func name(of choice: String?, for role: ModelRole = .edit) throws(AgentError) -> String {
        if let first = candidates(for: role, choice: choice).first { return first.name }
        guard let choice, !models.isEmpty else {
            throw .noModel(
                "no model is configured: set ANTHROPIC_API_KEY, OPENAI_API_KEY or COFFERDAM_MODEL, or write "
                    + "~/.config/cofferdam/models.yaml; then end a service that runs already: cofferdam stop --service")
        }
        throw .noModel("no model `\(choice)` is configured; there are: \(names.joined(separator: ", "))")
    }
}

/// Stands for a model of a recording, and is never asked.
private struct ReplayedModel: ModelProvider {
    let name: String

    var identifier: String { "replay/\(name)" }

    func stream(_ request: ModelRequest) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { $0.finish(throwing: ModelError.notConfigured("The model \(name) is only a recording.")) }
    }

    func shutdown() async {}
}
