import AgentProtocol
import JSON
import Models
import Store

/// What is kept of a session, so that it goes on after its service was killed.
///
/// It lies in the store beside the events and changes in the same transactions. A killed process loses nothing of it; a
/// power cut ends the sandbox too, so that no more than the log has to survive one.
extension AgentSession {
    /// Messages that are new, changed or gone since they were kept last.
    private func messageChanges() throws -> [KeptChange] {
        var changes: [KeptChange] = []
        for (index, message) in messages.enumerated() {
            if index < keptMessages.count, keptMessages[index] == message { continue }
            changes.append(KeptChange(KeptKey.message(index), message.json.serialized()))
        }
        if messages.count < keptMessages.count {
            changes += (messages.count..<keptMessages.count).map { .gone(KeptKey.message($0)) }
        }
        keptMessages = messages
        return changes
    }

    func sessionChanges(ending: KeptSession.Ending? = nil) throws -> [KeptChange] {
        let spent = models.budget.session
        var session = KeptSession(
            booted: hasBooted, usage: spent.usage, spentMicros: spent.costMicros,
            warned: models.budget.warned.sorted(), granted: granted.sorted(),
            pendingNotes: pendingNotes, outcome: outcome,
            turns: turnNumber, items: itemCount, ending: ending, model: chosenModel,
            replay: models.player?.position)
        session.steps = spent.steps
        session.workedMilliseconds = spent.milliseconds
        return [try .value(KeptKey.session, session)]
    }

    /// The turn, and the prompts that no longer wait.
    func turnChanges() throws -> [KeptChange] {
        var changes = spentPrompts.map { KeptChange.gone(KeptKey.prompt($0)) }
        spentPrompts = []
        if let keptTurn { changes.append(try .value(KeptKey.turn, keptTurn)) }
        return changes
    }

    /// All of it, before the model is asked: the answer before is dealt with.
    func askChanges() throws -> [KeptChange] {
        let calls = keptCalls.keys.map { KeptChange.gone(KeptKey.call($0)) }
        keptCalls = [:]
        return try messageChanges() + sessionChanges() + turnChanges() + calls
            + [.gone(KeptKey.response), .gone(KeptKey.round)]
    }

    /// With the model's answer.
    func answerChanges(_ response: ModelResponse) throws -> [KeptChange] {
        try messageChanges() + sessionChanges() + turnChanges() + [
            KeptChange(KeptKey.response, response.json.serialized())
        ]
    }

    /// With the end of a turn: nothing of it goes on.
    func turnEndChanges() async throws -> [KeptChange] {
        let checks = await ready?.checks.cut() ?? []
        keptTurn = nil
        let commands = keptCalls.values.flatMap { [KeptChange.gone(KeptKey.exec($0.itemId))] }
        return try askChanges() + checks + commands + [.gone(KeptKey.turn)]
    }
}
