import Agent
import AgentProtocol
import JSONRPC

extension SessionManager {
    public func egress(_ params: AgentEgress.Params, client: String) async throws -> AgentEgress.Result {
        guard let entry = live[params.sessionId] else {
            throw ResponseError(
                code: .invalidParams, message: "the session `\(params.sessionId)` is unknown, or it is over")
        }
        do { return try await entry.session.egress(params, client: client) } catch let error as AgentError {
            throw ResponseError(code: .invalidParams, message: error.description)
        }
    }
}
