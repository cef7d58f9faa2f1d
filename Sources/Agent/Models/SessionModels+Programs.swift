import AgentProtocol
import Models

extension SessionModels {
    /// Asks for a program in the sandbox, which leaves no trace in who answers the session itself.
    ///
    /// - Parameter name: what the program calls its model; a name that is not the session's stands for its usual one.
    public nonisolated func stream(
        _ request: ModelRequest, forProgramNaming name: String
    ) -> AsyncThrowingStream<ModelEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let usual = await model(for: .edit)?.name
                    guard let choice = names.contains(name) ? name : usual else {
                        throw ModelError.notConfigured("The session has no model.")
                    }
                    if request.hasPictures {
                        do { try catalog.checkReadsImages(choice, for: .edit) } catch {
                            throw ModelError.invalidRequest("\(error)")
                        }
                    }
                    for try await event in stream(request, as: .edit, choosing: choice) { continuation.yield(event) }
                    try Task.checkCancellation()
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Whether a program would be let ask now, before it is answered anything.
    /// - Throws: `BudgetSpent`
    public nonisolated func admit(_ request: ModelRequest) async throws {
        let estimate = TokenEstimate.tokens(system: request.system, messages: request.messages, tools: request.tools)
        await budget.close(try await budget.open(estimate, await model(for: .edit), isLoop: false))
    }

    /// Puts it on record that a program's request is over.
    public nonisolated func served(_ call: ModelCallServed) async { await budget.record(.modelCallServed(call)) }
}
