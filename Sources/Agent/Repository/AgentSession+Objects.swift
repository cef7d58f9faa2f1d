import AgentProtocol
import Git
import Sandbox
import Workspace

extension AgentSession {
    /// Waits until the commit of the newest step is made, where one is being made.
    public func settleCommits() async {
        await settleResume()
        await settleStep()
    }

    /// Makes a pack of the session's objects; files of its base are at hand as long as it lives.
    public func objects(_ params: AgentObjects.Params) async throws -> AgentObjects.Result {
        await settleCommits()
        let repository = SessionRepository(stateDirectory: configuration.stateDirectory)
        let snapshot = ready?.snapshot
        let base: [ObjectID: String]?
        if let known = baseFiles {
            base = known
        } else {
            base = try await Background.run {
                snapshot.map { GitFiles.names($0, repository.origin()?.workspace.adjustments ?? TreeAdjustments()) }
            }
            baseFiles = base
        }
        return try await Background.run { try repository.pack(params, base: base, of: snapshot) }
    }
}
