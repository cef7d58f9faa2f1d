import AgentProtocol
import ArgumentParser
import JSONRPC
import ServiceClient

/// A command's connection to the service, with the events of the session that it follows.
struct ServiceSession: Sendable {
    let client: ServiceClient
    let events: AsyncStream<AgentProgress.Params>

    /// - Parameter asks: whether this command asks its user for approvals.
    static func open(asks: Bool = false) throws -> ServiceSession {
        let (events, continuation) = AsyncStream.makeStream(of: AgentProgress.Params.self)
        var handlers = ServiceClientHandlers(
            progress: { continuation.yield($0) },
            connectionChanged: { state in
                switch state {
                case .connected: break
                case .reconnecting(let reason): Terminal.error("cofferdam: connecting again: \(reason)")
                case .lost(let reason):
                    Terminal.error("cofferdam: the service is lost: \(reason)")
                    continuation.finish()
                }
            },
            uploading: { progress in
                // A line a time is enough for a file, and a terminal shows the newest.
                if Terminal.errorIsTerminal {
                    Terminal.progress("cofferdam: \(progress.text)", isLast: progress.isComplete)
                } else if progress.isComplete {
                    Terminal.error("cofferdam: \(progress.text)")
                }
            },
            detached: { _, reason in
                Terminal.error("cofferdam: no further events: \(reason)")
                continuation.finish()
            })
        if asks { handlers.approve = { try await ApprovalPrompt.ask($0.approval) } }
        let configuration = try ServiceClientConfiguration.fromEnvironment(
            ProcessEnvironment.all, clientInfo: ProgramVersion.info)
        return ServiceSession(client: ServiceClient(configuration: configuration, handlers: handlers), events: events)
    }

    /// The program that works on the user's repository.
    @Sendable
    static func startGitWorker() throws -> any GitWorking {
        try GitWorkerProcess(
            ServiceClientConfiguration.fromEnvironment(ProcessEnvironment.all, clientInfo: ProgramVersion.info))
    }

    /// Brings the commits of sessions into the user's repository while they are followed.
    func receiver() -> StepReceiver {
        StepReceiver(service: client, startWorker: Self.startGitWorker) { session, reason in
            Terminal.error(
                "cofferdam: the commits of \(session) are not in your repository: \(Terminal.harmless(reason))")
        }
    }

    /// Runs `body`, turning what the service says into a message and exit code 7.
    static func with<T: Sendable>(asks: Bool = false, _ body: (ServiceSession) async throws -> T) async throws -> T {
        do {
            let session = try open(asks: asks)
            do {
                let value = try await body(session)
                await session.client.close()
                return value
            } catch {
                await session.client.close()
                throw error
            }
        } catch let error as ResponseError {
            Terminal.error("cofferdam: \(Terminal.harmless(error.message))")
            throw ExitCode(ExitStatus.service)
        } catch let error as ServiceClientError {
            Terminal.error("cofferdam: \(Terminal.harmless("\(error)"))")
            throw ExitCode(ExitStatus.service)
        } catch let error as ValidationError {
            // The command line itself was well-formed: how to use the command would not help.
            Terminal.error("cofferdam: \(Terminal.harmless(error.message))")
            throw ExitCode.validationFailure
        }
    }

    /// The session that a command means: the one named, by a beginning that is unique, or the newest of this folder.
    func resolve(_ given: String?) async throws -> SessionSummary {
        if let given {
            let sessions = try await client.call(AgentList.self, AgentList.Params(limit: 200)).sessions
            let matching = sessions.filter { $0.sessionId.hasPrefix(given) }
            guard let first = matching.first else { throw ValidationError("there is no session `\(given)`") }
            guard matching.count == 1 || first.sessionId == given else {
                throw ValidationError("`\(given)` is the beginning of \(matching.count) sessions")
            }
            return first
        }
        let folder = try WorkingFolder.current()
        let sessions = try await client.call(AgentList.self, AgentList.Params(workspaceFolder: folder, limit: 1))
        guard let newest = sessions.sessions.first else { throw ValidationError("there is no session on \(folder)") }
        return newest
    }
}
