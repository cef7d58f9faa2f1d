import AgentProtocol

extension AgentSession {
    /// Waits until the session may have a sandbox, and boots it.
    func bootInTurn() async {
        do {
            try await configuration.admission?.admit(configuration.sessionId) { [weak self] position in
                await self?.queued(at: position)
            }
            if state == .queued { await setState(.starting) }
        } catch {
            await configuration.prepared?.sandbox.stop()
            await booted(nil)
            return await stop(reason: "cancelled while it waited for its turn", state: .stopped)
        }
        await boot()
    }

    private func queued(at position: Int) async {
        if state == .starting { await setState(.queued) }
        guard state == .queued else { return }
        _ = try? await emit(.sessionQueued(SessionQueued(position: position)))
    }
}
