import AgentProtocol
import JSON
import Models
import Policy
import Sandbox
import Store

extension AgentSession {
    /// What a round of calls gave, in the order of the calls.
    struct CallRound {
        var results: [ToolResult]
        /// Time in which the user was asked.
        var waited: Duration
    }

    /// Runs an answer's calls: neighbours that only read or run side by side, calls that edit one by one, so that
    /// every call sees the edits before it.
    func runCalls(_ calls: [ToolCall], _ ready: Ready) async throws -> CallRound {
        var round = CallRound(results: [], waited: .zero)
        var index = 0
        while index < calls.count {
            try Task.checkCancellation()
            var end = index + 1
            if !edits(calls[index], ready) {
                while end < calls.count, !edits(calls[end], ready) { end += 1 }
            }
            let batch = Array(calls[index..<end])
            let offset = index
            let outcomes = try await withThrowingTaskGroup(of: (Int, ToolResult, Duration).self) { group in
                for (position, call) in batch.enumerated() {
                    let refused = offset + position >= configuration.limits.callsPerAnswer
                    group.addTask {
                        let (result, waited) = try await self.runCall(call, ready, refused: refused)
                        return (position, result, waited)
                    }
                }
                var outcomes: [(Int, ToolResult, Duration)] = []
                for try await outcome in group { outcomes.append(outcome) }
                return outcomes.sorted { $0.0 < $1.0 }
            }
            round.results += outcomes.map(\.1)
            // Calls side by side wait at the same time.
            round.waited += outcomes.map(\.2).max() ?? .zero
            index = end
        }
        return round
    }

    private func edits(_ call: ToolCall, _ ready: Ready) -> Bool {
        guard let tool = try? ready.tools.tool(call.name) else { return false }
        return tool.effect == .edits
    }

    /// One call: arguments, then policy, then the user, then the deed.
    private func runCall(
        _ call: ToolCall, _ ready: Ready, refused: Bool
    ) async throws -> (ToolResult, Duration) {
        let itemId = newItem("tool")
        var waited: Duration = .zero
        func end(_ status: ToolCallStatus, _ text: String, _ command: CommandResult? = nil) async throws -> ToolResult {
            try await emit(
                .toolCallCompleted(
                    ToolCallCompleted(itemId: itemId, status: status, text: text, command: command)))
            return ToolResult(callID: call.id, text: text, isError: status != .completed)
        }
        var prepared: PreparedCall
        let tool: any Tool
        do throws(ToolFailure) {
            if let raw = call.malformed {
                throw ToolFailure("The arguments are not valid JSON: \(HeadTailBuffer.capped(raw, limit: 500))")
            }
            if refused {
                throw ToolFailure("Too many calls in one answer; at most \(configuration.limits.callsPerAnswer).")
            }
            tool = try ready.tools.tool(call.name)
            prepared = try tool.prepare(call.arguments, ready.context)
        } catch {
            try await emit(
                .toolCallStarted(
                    ToolCallStarted(itemId: itemId, tool: call.name, title: call.name, arguments: call.arguments)))
            return (try await end(.failed, error.text), waited)
        }
        try await emit(
            .toolCallStarted(
                ToolCallStarted(itemId: itemId, tool: call.name, title: prepared.title, arguments: call.arguments)))
        let decision = ready.policy.decide(prepared.action)
        switch decision.verdict {
        case .deny:
            return (try await end(.denied, "Not done, \(decision.explanation)."), waited)
        case .ask where !granted.contains(grantKey(call)):
            let clock = ContinuousClock()
            let asked = clock.now
            let answer = try await ask(call, prepared, decision, itemId: itemId)
            waited = clock.now - asked
            switch answer {
            case .allowed: break
            case .edited(let arguments):
                do {
                    prepared = try tool.prepare(arguments, ready.context)
                } catch {
                    return (try await end(.failed, "The user's changed arguments: \(error.text)"), waited)
                }
                // The user's own words answer a question, never a denial.
                let again = ready.policy.decide(prepared.action)
                if again.verdict == .deny {
                    return (try await end(.denied, "Not done, \(again.explanation)."), waited)
                }
            case .refused(let text):
                return (try await end(.denied, text), waited)
            }
        case .ask, .allow:
            break
        }
        do {
            let outcome = try await prepared.run(itemId)
            let text = HeadTailBuffer.capped(outcome.text, limit: configuration.limits.toolOutputBytes * 2 + 4096)
            return (try await end(outcome.isError ? .failed : .completed, text, outcome.command), waited)
        } catch let failure as ToolFailure {
            return (try await end(.failed, failure.text), waited)
        } catch let error as SandboxError {
            if case .lost = error { throw error }
            if case .stopped = error { throw error }
            return (try await end(.failed, error.description), waited)
        } catch is CancellationError {
            _ = try? await end(.cancelled, "Cancelled.")
            throw CancellationError()
        }
    }

    private enum Answer {
        case allowed
        case edited(JSON)
        case refused(String)
    }

    private func ask(
        _ call: ToolCall, _ prepared: PreparedCall, _ decision: PolicyDecision, itemId: String
    ) async throws -> Answer {
        let diff: String?
        do { diff = try await prepared.preview?() } catch let failure as ToolFailure {
            return .refused(failure.text)
        }
        let seconds = configuration.limits.approvalSeconds
        let request = ApprovalRequest(
            approvalId: "\(configuration.sessionId)-\(itemId)", toolCallId: itemId, tool: call.name,
            title: prepared.title, reason: decision.explanation, arguments: call.arguments, command: prepared.command,
            diff: diff, expiresAt: currentMilliseconds() + seconds * 1000)
        await setState(.waiting)
        let answer = try await approvals.ask(request, seconds: seconds)
        try Task.checkCancellation()
        if await approvals.requests.isEmpty { await setState(.running) }
        switch (answer.resolution.cause, answer.resolution.decision) {
        case (.answered, .allowOnce?):
            return .allowed
        case (.answered, .allowSession?):
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
