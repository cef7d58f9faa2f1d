import Agent
import AgentProtocol
import Sandbox

/// Commits of sessions, live or over: their repositories outlive them.
extension SessionManager {
    func repository(_ id: String) -> SessionRepository { SessionRepository(stateDirectory: directory(id)) }

    public func steps(_ params: AgentSteps.Params) async throws -> AgentSteps.Result {
        let repository = try await settledRepository(params.sessionId)
        return try await answering { try await Background.run { try repository.steps() } }
    }

    public func objects(_ params: AgentObjects.Params) async throws -> AgentObjects.Result {
        if let entry = live[params.sessionId] {
            return try await answering { try await entry.session.objects(params) }
        }
        let repository = try await settledRepository(params.sessionId)
        return try await answering {
            try await Background.run { try repository.pack(params, base: nil, of: nil) }
        }
    }

    public func pack(_ params: AgentPack.Params) async throws -> AgentPack.Result {
        _ = try record(params.sessionId)
        let repository = repository(params.sessionId)
        return try await answering { try await Background.run { try repository.piece(params) } }
    }

    /// What steps changed; what a session changed since its start is ``diff(_:)``'s.
    func stepDifference(_ params: AgentDiff.Params) async throws -> AgentDiff.Result {
        let repository = try await settledRepository(params.sessionId)
        let limits = configuration.limits
        return try await answering {
            try await Background.run { try repository.difference(params, limits: limits) }
        }
    }

    private func settledRepository(_ id: String) async throws -> SessionRepository {
        _ = try record(id)
        await live[id]?.session.settleCommits()
        return repository(id)
    }
}
