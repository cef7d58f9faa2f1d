import AgentProtocol
import JSONRPC

/// Asking the client's user. Several clients may be asked; the backend takes the first answer.
extension ClientConnection {
    /// How many resolved approvals are remembered, against a request that crosses its resolution.
    private static let rememberedResolutions = 256

    func take(_ item: ApprovalFeedItem) {
        switch item {
        case .pending(let session, let approval):
            ask(session, approval)
        case .resolved(_, let resolution):
            resolved.append(resolution.approvalId)
            if resolved.count > Self.rememberedResolutions { resolved.removeFirst() }
            // Sends `$/cancelRequest`, unless the client has just answered.
            asks.removeValue(forKey: resolution.approvalId)?.task.cancel()
        }
    }

    func ask(_ session: String, _ approval: ApprovalRequest) {
        guard canApprove, let attachment = attachments[session], let connection,
            asks[approval.approvalId] == nil, !resolved.contains(approval.approvalId)
        else { return }
        let task = Task {
            await attachment.reply.wait()
            await self.carryOut(session, approval, connection)
        }
        asks[approval.approvalId] = Ask(sessionId: session, task: task)
    }

    private func carryOut(_ session: String, _ approval: ApprovalRequest, _ connection: Connection) async {
        do {
            let reply = try await connection.request(
                AgentApproveAsk.self, AgentApproveAsk.Params(sessionId: session, approval: approval))
            // From here on the resolution must not cancel the task: it is this answer's.
            asks[approval.approvalId] = nil
            let answer = AgentApprove.Params(
                sessionId: session, approvalId: approval.approvalId, decision: reply.decision,
                feedback: reply.feedback, arguments: reply.arguments)
            let outcome = try await backend.approve(answer, client: displayName)
            if !outcome.accepted {
                log.debug("an answer came too late", ["approval": approval.approvalId, "client": displayName])
            }
        } catch is CancellationError {
        } catch {
            // The approval stays pending: another client, or this one by `agent/approve`, may still answer it.
            asks[approval.approvalId] = nil
            log.warning(
                "a client could not ask its user",
                ["approval": approval.approvalId, "client": displayName, "reason": "\(error)"])
        }
    }
}
