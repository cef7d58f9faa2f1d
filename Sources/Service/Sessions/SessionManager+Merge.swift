import Agent
import AgentProtocol

extension SessionManager {
    public func merge(_ params: AgentMerge.Params) async throws -> AgentMerge.Result {
        _ = try record(params.sessionId)
        return try await answering { try await ResultMerge.merge(params) }
    }
}
