import AgentProtocol
import JSONRPC

extension ServerCore {
    /// Forks a session and follows the new one.
    func fork(_ params: AgentFork.Params) async throws -> AgentFork.Result {
        let result = try await call(AgentFork.self, params)
        guard sessions[result.sessionId] == nil else { return result }
        let parent = sessions[params.sessionId]
        let title = params.prompt ?? parent.map { "fork of \($0.title)" } ?? "fork of \(params.sessionId)"
        // It started from what its parent started from.
        texts[result.sessionId] = texts[params.sessionId]
        let folder = parent?.folder ?? folders.first ?? "/"
        add(
            SessionView(
                id: result.sessionId, folder: folder, isFolderTrusted: parent?.isFolderTrusted ?? false, isOwn: true,
                title: title))
        inBackground(result.sessionId) { try await $0.follow(result.sessionId) }
        return result
    }
}
