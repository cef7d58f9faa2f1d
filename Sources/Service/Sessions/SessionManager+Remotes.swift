import Agent
import AgentProtocol
import JSONRPC
import Store
import Workspace

/// Sessions on remote repositories.
extension SessionManager {
    func transport(to remote: String) throws -> any RemoteTransport {
        guard let remotes = configuration.remotes else {
            throw invalid("this service works on no remote repositories; its file names none (`remotes:`)")
        }
        return try remotes.transport(to: remote)
    }

    /// What gives a session its files; nil: the folder.
    /// - Parameter log: the session's.
    func source(_ start: AgentStart.Params, _ user: String, _ log: EventLog) -> (any WorkspaceSource)? {
        if let workspace = start.workspace {
            // Names that cannot be were refused when the session was started.
            return (try? UploadedSource(workspace, user: user, projects, bases))
                ?? UnreachableRepository(reason: "the uploaded workspace has names that cannot be")
        }
        guard let repository = start.repository else { return nil }
        do {
            return RemoteRepository(
                reference: repository, transport: try transport(to: repository.remote), mirrors: mirrors, bases: bases
            ) { event in
                try await log.append(.repositoryFetched(event))
            }
        } catch {
            return UnreachableRepository(reason: (error as? ResponseError)?.message ?? "\(error)")
        }
    }
}

/// A remote that was allowed when the session was started, and is not any more. The session goes on with what it has.
private struct UnreachableRepository: WorkspaceSource {
    let reason: String

    func take(
        overlays: [String: [UInt8]], holder: String, progress: @escaping @Sendable (String) async -> Void
    ) async throws -> WorkspaceSnapshot {
        throw AgentError.configuration(reason)
    }
}
