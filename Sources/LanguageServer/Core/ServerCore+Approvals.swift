import AgentProtocol
import JSONRPC

extension ServerCore {
    /// Forwards the service's question to an editor that can ask its user. Cancelling the task, when someone else
    /// answered, withdraws the question there.
    static func ask(
        _ core: ServerCore?, _ params: AgentApproveAsk.Params
    ) async throws -> AgentApproveAsk.Result {
        guard let connection = await core?.connection else { throw CancellationError() }
        do {
            return try await connection.request(AgentApproveAsk.self, params)
        } catch let error as ResponseError where error.code != .requestCancelled {
            // It said that it can, and cannot: the plain way is left.
            await core?.announce(params.approval, of: params.sessionId, always: true)
            throw error
        }
    }

    /// Tells a plain client what waits. Never as a request: several editors stand still until it is answered.
    func announce(_ approval: ApprovalRequest, of id: String, always: Bool = false) async {
        // An editor that follows the events asks its user itself.
        guard always || !(settings.asksEditor || settings.forwardsProgress) else { return }
        let action = DisplayText.exact(Wording.action(approval), limit: 1000)
        let reason = DisplayText.exact(approval.reason, limit: 200)
        await showMessage(
            .info, session: id,
            "waits for your approval: `\(action)` (\(reason)). Answer with a code action (“Cofferdam: approve …”) "
                + "or the commands \(CommandName.approve.rawValue) and \(CommandName.reject.rawValue)")
    }

    /// Answers an approval; tells the user when someone was faster.
    func answer(
        session: String, approval: String, _ decision: ApprovalDecision, feedback: String?
    ) async throws -> AgentApprove.Result {
        let result = try await call(
            AgentApprove.self,
            .init(sessionId: session, approvalId: approval, decision: decision, feedback: feedback))
        if !result.accepted {
            await showMessage(
                .info, session: session, "this was settled already: \(Wording.resolution(result.resolution))")
        }
        return result
    }

    func cancel(_ id: String) async throws {
        _ = try await call(AgentCancel.self, SessionReference(sessionId: id))
    }
}
