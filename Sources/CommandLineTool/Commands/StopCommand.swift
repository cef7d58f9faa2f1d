import AgentProtocol
import ArgumentParser
import ServiceClient

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End a session's running turn; the session stays.")

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?

    func run() async throws {
        try await ServiceSession.with { service in
            let session = try await service.resolve(session)
            _ = try await service.client.call(AgentCancel.self, SessionReference(sessionId: session.sessionId))
            let runs = session.state.isLive && session.state != .idle
            Terminal.line(runs ? "cancelled \(session.sessionId)" : "nothing runs in \(session.sessionId)")
        }
    }
}

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End a session and its sandbox, or the service.",
        discussion: "The next command or editor starts the service again, with its own environment.")

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Flag(help: "End the service on this machine, with all its sessions; their results are kept.")
    var service = false

    func validate() throws {
        if service, session != nil { throw ValidationError("--service ends all sessions: name none") }
    }

    func run() async throws {
        if service { return try endService() }
        try await ServiceSession.with { service in
            let id = try await service.resolve(session).sessionId
            _ = try await service.client.call(AgentStop.self, SessionReference(sessionId: id))
            Terminal.line("stopped \(id)")
        }
    }

    private func endService() throws {
        do {
            let configuration = try ServiceClientConfiguration.fromEnvironment(
                ProcessEnvironment.all, clientInfo: ProgramVersion.info)
            guard configuration.url == nil else {
                throw ServiceClientError.configuration(
                    "COFFERDAM_SERVICE_URL names a service that others may use; only one on this machine is ended")
            }
            Terminal.line(try LocalServiceEnd.end(configuration.local) ? "the service has ended" : "no service runs")
        } catch let error as ServiceClientError {
            Terminal.error("cofferdam: \(error)")
            throw ExitCode(ExitStatus.service)
        }
    }
}
