import AgentProtocol
import Store

/// Approvals of one session: asked once, answered once. The first answer wins; time that runs out is a denial.
actor ApprovalBroker {
    /// A question from its announcement until its asking task goes on.
    private struct Question {
        var request: ApprovalRequest
        /// The asking task, once it waits: an answer may come while the question is still being announced.
        var continuation: CheckedContinuation<Answer, any Error>?
        /// The answer, once it is on record.
        var result: Result<Answer, any Error>?
    }

    /// How an approval ended, with the changed arguments of `allowEdited`.
    struct Answer: Sendable {
        var resolution: ApprovalResolution
        var arguments: JSONValue?
    }

    private let log: EventLog
    private let observer: AgentSessionObserver
    private var questions: [String: Question] = [:]
    private var resolved: [String: ApprovalResolution] = [:]

    /// Questions that a former service asked.
    private var kept: [String: KeptApproval] = [:]

    init(log: EventLog, observer: AgentSessionObserver, resumption: Resumption = Resumption()) {
        self.log = log
        self.observer = observer
        for id in resumption.names(KeptKey.approval("")) {
            kept[id] = resumption.take(KeptKey.approval(id), as: KeptApproval.self)
            if let resolution = kept[id]?.resolution { resolved[id] = resolution }
        }
    }

    /// The question as a former service asked it.
    func known(_ id: String) -> ApprovalRequest? { kept[id]?.request }

    /// Questions that wait for an answer.
    var requests: [ApprovalRequest] {
        questions.values.map(\.request).filter { resolved[$0.approvalId] == nil }
            .sorted { $0.approvalId < $1.approvalId }
    }

    /// Asks and waits: for an answer, for time to run out, or for the task's cancellation.
    /// - Throws: `StoreError` when question or answer cannot be recorded: nothing is then allowed.
    func ask(_ request: ApprovalRequest, seconds: Int) async throws -> Answer {
        let id = request.approvalId
        let known = kept.removeValue(forKey: id)
        if let resolution = known?.resolution { return Answer(resolution: resolution, arguments: known?.arguments) }
        questions[id] = Question(request: request)
        defer { questions[id] = nil }
        // Asked again, by the same name: the log has the question.
        if known == nil {
            try await log.append(
                .approvalRequested(ApprovalRequested(approval: request)),
                keeping: [.value(KeptKey.approval(id), KeptApproval(request: request))])
        }
        await observer.approvalRequested(request)
        let left = max(0, min(seconds * 1000, request.expiresAt - currentMilliseconds()))
        let timer = Task {
            try await Task.sleep(for: .milliseconds(left))
            await self.resolve(id, ApprovalResolution(approvalId: id, cause: .timedOut), nil)
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if let result = questions[id]?.result {
                    continuation.resume(with: result)
                } else {
                    questions[id]?.continuation = continuation
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
        guard questions[params.approvalId] != nil else { return nil }
        let resolution = ApprovalResolution(
            approvalId: params.approvalId, cause: .answered, decision: params.decision, feedback: params.feedback,
            answeredBy: client)
        await resolve(params.approvalId, resolution, params.arguments)
        return AgentApprove.Result(accepted: true, resolution: resolution)
    }

    private func resolve(_ id: String, _ resolution: ApprovalResolution, _ arguments: JSONValue?) async {
        guard let request = questions[id]?.request, resolved[id] == nil else { return }
        resolved[id] = resolution
        let answered = KeptApproval(request: request, resolution: resolution, arguments: arguments)
        let result: Result<Answer, any Error>
        do {
            try await log.append(
                .approvalResolved(ApprovalResolved(resolution: resolution)),
                keeping: [.value(KeptKey.approval(id), answered)])
            result = .success(Answer(resolution: resolution, arguments: arguments))
        } catch {
            // A decision that is not on record permits nothing.
            result = .failure(error)
        }
        await observer.approvalResolved(resolution)
        questions[id]?.result = result
        questions[id]?.continuation?.resume(with: result)
        questions[id]?.continuation = nil
    }
}
