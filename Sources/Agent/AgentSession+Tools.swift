import AgentProtocol
import JSON
import Models
import Policy
import Sandbox
import Store

extension AgentSession {
    /// Runs an answer's calls: neighbours that only read or run side by side, calls that edit one by one, so that
    /// every call sees the edits before it.
    ///
    /// Each result is in ``callResults`` as soon as it is there, also when the round ends early.
    /// - Returns: the time in which the user was asked; calls side by side wait at the same time.
    func runCalls(_ calls: [ToolCall], _ ready: Ready, treeBefore: String) async throws {
        callResults = [:]
        for (position, kept) in keptCalls where position < calls.count {
            // Done under a former service.
            guard let result = kept.result else { continue }
            callResults[position] = result.result(of: calls[position].id)
        }
        var index = 0
        while index < calls.count {
            try Task.checkCancellation()
            var end = index + 1
            if !edits(calls[index], ready) {
                while end < calls.count, !edits(calls[end], ready) { end += 1 }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for position in index..<end where callResults[position] == nil {
                    group.addTask {
                        try await self.runCall(calls[position], at: position, ready, treeBefore: treeBefore)
                    }
                }
                try await group.waitForAll()
            }
            index = end
        }
    }

    private func edits(_ call: ToolCall, _ ready: Ready) -> Bool {
        guard let tool = try? ready.tools.tool(call.name) else { return false }
        return tool.effect == .edits
    }

    /// One call from its first event to its last.
    private func runCall(_ call: ToolCall, at position: Int, _ ready: Ready, treeBefore: String) async throws {
        let isNew = keptCalls[position] == nil
        let itemId = keptCalls[position]?.itemId ?? newItem("tool")
        if isNew { keptCalls[position] = KeptCall(itemId: itemId, items: itemCount, treeBefore: treeBefore) }
        do {
            let end = try await perform(call, at: position, itemId, isNew: isNew, ready)
            try await complete(call, at: position, itemId, end)
        } catch is CancellationError {
            try? await complete(call, at: position, itemId, CallEnd(.cancelled, "Cancelled."))
            throw CancellationError()
        } catch {
            // The turn ends with it; the call ends too, for whoever reads along.
            try? await complete(call, at: position, itemId, CallEnd(.failed, "\(error)"))
            throw error
        }
    }

    /// How a call ended.
    struct CallEnd {
        var status: ToolCallStatus
        var text: String
        var command: CommandResult?
        var keeping: [KeptChange] = []
        var goesOn = false
        var images: [ImageContent] = []

        init(_ status: ToolCallStatus, _ text: String, _ command: CommandResult? = nil) {
            self.status = status
            self.text = text
            self.command = command
        }
    }

    func complete(_ call: ToolCall, at position: Int, _ itemId: String, _ end: CallEnd) async throws {
        var end = end
        // A file, or the answer of a host, may hold what the service has to keep.
        if let secrets = configuration.secrets { end.text = secrets.redact(end.text) }
        let isError = end.status != .completed
        let result = ToolResult(callID: call.id, text: end.text, isError: isError, images: end.images)
        callResults[position] = result
        keptCalls[position]?.result = KeptCall.Result(result)
        var keeping =
            end.keeping + [
                .gone(KeptKey.exec(itemId)), .gone(KeptKey.edit(itemId)), .gone(KeptKey.approval(approvalId(itemId))),
            ]
        if !end.goesOn { keeping.append(.gone(KeptKey.output(itemId))) }
        if let kept = keptCalls[position] { keeping.append(try .value(KeptKey.call(position), kept)) }
        try await log.append(
            .toolCallCompleted(
                ToolCallCompleted(itemId: itemId, status: end.status, text: end.text, command: end.command)),
            keeping: keeping)
    }

    private func approvalId(_ itemId: String) -> String { "\(configuration.sessionId)-\(itemId)" }

    /// The call begins; one that a former service began has begun.
    private func began(
        _ call: ToolCall, at position: Int, _ itemId: String, title: String, isNew: Bool
    ) async throws {
        guard isNew, let kept = keptCalls[position] else { return }
        try await log.append(
            .toolCallStarted(
                ToolCallStarted(itemId: itemId, tool: call.name, title: title, arguments: call.arguments)),
            keeping: [.value(KeptKey.call(position), kept)])
    }

    /// Arguments, then policy, then the user, then the deed.
    /// - Throws: what ends the turn; all that the model can learn from is a `CallEnd`.
    private func perform(
        _ call: ToolCall, at position: Int, _ itemId: String, isNew: Bool, _ ready: Ready
    ) async throws -> CallEnd {
        var prepared: PreparedCall
        let tool: any Tool
        do throws(ToolFailure) {
            if let raw = call.malformed {
                throw ToolFailure("The arguments are not valid JSON: \(HeadTailBuffer.capped(raw, limit: 500))")
            }
            if position >= configuration.limits.callsPerAnswer {
                throw ToolFailure("Too many calls in one answer; at most \(configuration.limits.callsPerAnswer).")
            }
            tool = try ready.tools.tool(call.name)
            prepared = try tool.prepare(call.arguments, ready.context)
        } catch {
            try await began(call, at: position, itemId, title: call.name, isNew: isNew)
            return CallEnd(.failed, error.text)
        }
        try await began(call, at: position, itemId, title: prepared.title, isNew: isNew)
        let decision = ready.policy.decide(prepared.action)
        var preface = ""
        do {
            switch decision.verdict {
            case .deny:
                return CallEnd(.denied, "Not done, \(decision.explanation).")
            case .ask where !granted.contains(grantKey(call)):
                switch try await ask(call, prepared, decision, itemId) {
                case .allowed: break
                case .edited(let arguments):
                    do throws(ToolFailure) { prepared = try tool.prepare(arguments, ready.context) } catch {
                        return CallEnd(.failed, "The user's changed arguments: \(error.text)")
                    }
                    // The user's own words answer a question, never a denial.
                    let again = ready.policy.decide(prepared.action)
                    if again.verdict == .deny { return CallEnd(.denied, "Not done, \(again.explanation).") }
                    preface = "The user changed the arguments to \(arguments.text).\n"
                case .refused(let text):
                    return CallEnd(.denied, text)
                }
            case .ask, .allow:
                break
            }
            let outcome = try await prepared.run(itemId)
            let text = HeadTailBuffer.capped(
                preface + outcome.text + refusals(), limit: configuration.limits.toolOutputBytes * 2 + 4096)
            var end = CallEnd(outcome.isError ? .failed : .completed, text, outcome.command)
            end.keeping = outcome.keeping
            end.goesOn = outcome.goesOn
            end.images = outcome.images
            return end
        } catch let failure as ToolFailure {
            return CallEnd(.failed, preface + failure.text)
        } catch let error as SandboxError {
            switch error {
            case .lost, .stopped: throw error
            default: return CallEnd(.failed, preface + error.description)
            }
        }
    }

    private enum Answer {
        case allowed
        case edited(JSON)
        case refused(String)
    }

    private func ask(
        _ call: ToolCall, _ prepared: PreparedCall, _ decision: PolicyDecision, _ itemId: String
    ) async throws -> Answer {
        // What cannot be shown cannot be approved: a failure here is the call's.
        let known = await approvals.known(approvalId(itemId))
        let diff = if let known { known.diff } else { try await prepared.preview?() }
        let seconds = configuration.limits.approvalSeconds
        // An edit that had begun before the service ended was allowed before that.
        let hasBegun = resumption.has(KeptKey.edit(itemId))
        let request =
            known
            ?? ApprovalRequest(
                approvalId: approvalId(itemId), toolCallId: itemId, tool: call.name,
                title: prepared.title, reason: decision.explanation, arguments: call.arguments,
                command: prepared.command,
                diff: diff, expiresAt: currentMilliseconds() + seconds * 1000)
        asking += 1
        models.budget.asks()
        await setState(.waiting)
        let outcome: Result<ApprovalBroker.Answer, any Error>
        do { outcome = .success(try await approvals.ask(request, seconds: seconds)) } catch {
            outcome = .failure(error)
        }
        asking -= 1
        models.budget.answered()
        if asking == 0 { await setState(.running) }
        let answer = try outcome.get()
        try Task.checkCancellation()
        switch (answer.resolution.cause, answer.resolution.decision) {
        case (.answered, .allowOnce?), (.answered, .allowSession?):
            // What was shown is what is done: something in the sandbox may have changed the file meanwhile.
            if !hasBegun, try await prepared.preview?() != diff {
                return .refused("Not done: the file changed while the user was asked. Read it and call again.")
            }
            guard answer.resolution.decision == .allowSession else { return .allowed }
            granted.insert(grantKey(call))
            return .allowed
        case (.answered, .allowEdited?):
            return answer.arguments.map(Answer.edited) ?? .allowed
        case (.answered, .reject?), (.answered, nil):
            let feedback = answer.resolution.feedback.map { " They say: \($0)" } ?? ""
            return .refused("Not done: the user rejected it.\(feedback)")
        case (.timedOut, _):
            return .refused("Not done: the user did not answer in time, which counts as a rejection.")
        case (.withdrawn, _):
            return .refused("Not done: the question was withdrawn.")
        }
    }

    /// `allowSession` holds for exactly the same action.
    private func grantKey(_ call: ToolCall) -> String { "\(call.name) \(call.arguments.text)" }
}
