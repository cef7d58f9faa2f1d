import Agent
import AgentProtocol
import JSONRPC
import Models

extension SessionManager {
    /// The name of the model that a session begins with.
    /// - Parameter catalog: nil: the service's models.
    func model(_ choice: String?, _ mode: SessionMode?, of catalog: ModelCatalog? = nil) throws -> String {
        do {
            return try (catalog ?? configuration.models).name(of: choice, for: mode == .plan ? .plan : .edit)
        } catch {
            throw ResponseError(code: .invalidParams, message: error.description)
        }
    }

    /// Looks at a prompt's pictures before a session is made for it.
    func check(
        _ images: [PromptImage]?, choice: String?, _ mode: SessionMode?, of catalog: ModelCatalog? = nil
    ) throws {
        do throws(AgentError) {
            let pictures = try PromptPictures(images)
            guard !pictures.isEmpty else { return }
            try (catalog ?? configuration.models).checkReadsImages(choice, for: mode == .plan ? .plan : .edit)
        } catch {
            throw ResponseError(code: .invalidParams, message: error.description)
        }
    }

    func observer(of id: String) -> AgentSessionObserver {
        var observer = AgentSessionObserver(
            stateChanged: { [weak self] state, outcome in await self?.stateChanged(id, state, outcome) },
            approvalRequested: { [weak self] request in await self?.feed(.pending(sessionId: id, request)) },
            approvalResolved: { [weak self] resolution in await self?.feed(.resolved(sessionId: id, resolution)) })
        observer.sandboxStarted = { [warm] spec, isWarm in await warm.started(spec, isWarm: isWarm) }
        observer.titled = { [weak self] title in await self?.titled(id, title) }
        return observer
    }

    private func titled(_ id: String, _ title: String) {
        guard var entry = live[id] else { return }
        entry.record.title = title
        live[id] = entry
        try? store.save(entry.record)
    }

    public func modelList() -> AgentModels.Result {
        let catalog = configuration.models
        return AgentModels.Result(
            names: catalog.names,
            models: catalog.models.map { routed in
                ModelSummary(
                    name: routed.name, provider: routed.model.settings.provider.rawValue,
                    model: routed.model.settings.model, contextWindow: routed.model.contextWindow,
                    resting: catalog.health.isResting(routed.model), readsImages: routed.model.readsImages)
            },
            roles: ModelRole.allCases.compactMap { role in
                catalog.roles[role].map { ModelRoleSummary(role: role.rawValue, models: $0) }
            })
    }
}
