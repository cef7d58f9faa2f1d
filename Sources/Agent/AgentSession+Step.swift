import AgentProtocol
import Models

extension AgentSession {
    /// Asks the model once and streams its answer into the log.
    func step(_ ready: Ready) async throws -> ModelResponse {
        let request = ModelRequest(
            system: ready.systemPrompt, messages: messages, tools: ready.tools.definitions,
            sessionKey: configuration.sessionId, workspacePath: configuration.workspaceFolder)
        var open = OpenItem()
        do {
            if let response = try await receive(request, &open) { return response }
        } catch {
            // What was said so far stays as it was said: an item that began also ends.
            try? await complete(&open)
            await models.endLoop()
            throw error
        }
        try? await complete(&open)
        try Task.checkCancellation()
        throw ModelError.streamCut("the stream ended without an answer")
    }

    /// - Returns: nil when the stream ended without an answer.
    private func receive(_ request: ModelRequest, _ open: inout OpenItem) async throws -> ModelResponse? {
        let role = loopRole
        for try await event in models.stream(request, as: role) {
            switch event {
            case .textDelta(let text):
                try await extend(&open, .message, text)
            case .reasoningDelta(let text):
                try await extend(&open, .reasoning, text)
            case .toolCall:
                try await complete(&open)
            case .retrying(let reason, let delay):
                try await emit(
                    .modelRetried(
                        ModelRetried(
                            reason: reason, delayMilliseconds: Int(delay / .milliseconds(1)),
                            voidItemIds: open.begun)))
                open = OpenItem()
            case .switched(let change):
                let event = ModelSwitched(
                    from: change.from, to: change.to, reason: change.reason, role: role.rawValue,
                    voidItemIds: open.begun)
                open = OpenItem()
                keptTurn?.answering = change.to
                try await log.append(.modelSwitched(event), keeping: try turnChanges())
            case .completed(let response):
                try await complete(&open)
                // Vendors refuse a message without content.
                if !response.content.isEmpty { messages.append(.assistant(response.content)) }
                let update = await account(response)
                let work = chargeWork()
                try await log.append(.usageUpdated(update), keeping: try answerChanges(response), working: work)
                return response
            }
        }
        return nil
    }

    /// What an answer took, and the session with it; it counts already.
    func account(_ response: ModelResponse) async -> UsageUpdated {
        let model = response.answeredBy ?? configuration.modelName
        let session = models.budget.session
        return UsageUpdated(
            step: TokenUsage(response.usage), session: session.usage, model: model,
            costMicros: await models.model(named: model)?.prices?.cost(of: response.usage),
            sessionCostMicros: session.costMicros)
    }

    /// The message or reasoning that is being streamed.
    private struct OpenItem {
        enum Kind { case message, reasoning }

        var id: String?
        var kind = Kind.message
        var text = ""
        /// Items of this attempt, for a retry to void.
        var begun: [String] = []
    }

    private func extend(_ open: inout OpenItem, _ kind: OpenItem.Kind, _ text: String) async throws {
        if open.id != nil, open.kind != kind { try await complete(&open) }
        let id: String
        if let known = open.id {
            id = known
        } else {
            id = newItem(kind == .message ? "message" : "reasoning")
            open.id = id
            open.kind = kind
            open.begun.append(id)
            switch kind {
            case .message: try await emit(.messageStarted(MessageStarted(itemId: id)))
            case .reasoning: try await emit(.reasoningStarted(ReasoningStarted(itemId: id)))
            }
        }
        open.text += text
        switch kind {
        case .message: try await emit(.messageDelta(MessageDelta(itemId: id, text: text)))
        case .reasoning: try await emit(.reasoningDelta(ReasoningDelta(itemId: id, text: text)))
        }
    }

    private func complete(_ open: inout OpenItem) async throws {
        guard let id = open.id else { return }
        switch open.kind {
        case .message: try await emit(.messageCompleted(MessageCompleted(itemId: id, text: open.text)))
        case .reasoning: try await emit(.reasoningCompleted(ReasoningCompleted(itemId: id, text: open.text)))
        }
        open.id = nil
        open.text = ""
    }
}
