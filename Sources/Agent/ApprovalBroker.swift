import AgentProtocol
import Store

/// Approvals of one session: asked once, answered once. The first answer wins; time that runs out is a denial.
actor ApprovalBroker {
    private struct Pending {
        var request: ApprovalRequest
        var continuation: CheckedContinuation<Answer, Never>
    }

    /// How an approval ended, with the changed arguments of `allowEdited`.
    struct Answer: Sendable {
        var resolution: ApprovalResolution
        var arguments: JSONValue?
    }

    private let log: EventLog
    private let observer: AgentSessionObserver
    private var pending: [String: Pending] = [:]
    private var resolved: [String: ApprovalResolution] = [:]

    init(log: EventLog, observer: AgentSessionObserver) {
        self.log = log
        self.observer = observer
    }

    var requests: [ApprovalRequest] { pending.values.map(\.request).sorted { $0.approvalId < $1.approvalId } }

    /// Asks and waits: for an answer, for time to run out, or for the task's cancellation.
    func ask(_ request: ApprovalRequest, seconds: Int) async throws -> Answer {
        try await log.append(.approvalRequested(ApprovalRequested(approval: request)))
        await observer.approvalRequested(request)
        let id = request.approvalId
        let timer = Task {
            try await Task.sleep(for: .seconds(seconds))
            await self.resolve(id, ApprovalResolution(approvalId: id, cause: .timedOut), nil)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                pending[id] = Pending(request: request, continuation: continuation)
                if Task.isCancelled {
                    Task { await self.resolve(id, ApprovalResolution(approvalId: id, cause: .withdrawn), nil) }
                }
            }
        } onCancel: {
            Task { await self.resolve(id, ApprovalResolution(approvalId: id, cause: .withdrawn), nil) }
        }
    }

    /// A client's answer.
    /// - Returns: whether it was the first, and how the approval ended; nil when there never was such an approval.
    func answer(_ params: AgentApprove.Params, client: String) async -> AgentApprove.Result? {
        if let resolution = resolved[params.approvalId] {
            return AgentApprove.Result(accepted: false, resolution: resolution)
        }
        guard pending[params.approvalId] != nil else { return nil }
        let resolution = ApprovalResolution(
            approvalId: params.approvalId, cause: .answered, decision: params.decision, feedback: params.feedback,
            answeredBy: client)
        await resolve(params.approvalId, resolution, params.arguments)
        return AgentApprove.Result(accepted: true, resolution: resolution)
    }

    private func resolve(_ id: String, _ resolution: ApprovalResolution, _ arguments: JSONValue?) async {
        guard let ended = pending.removeValue(forKey: id) else { return }
        resolved[id] = resolution
        // A log that cannot be written fails the turn at its next event; the answer stands all the same.
        _ = try? await log.append(.approvalResolved(ApprovalResolved(resolution: resolution)))
        await observer.approvalResolved(resolution)
        ended.continuation.resume(returning: Answer(resolution: resolution, arguments: arguments))
    }
}
