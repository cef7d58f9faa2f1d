import AgentProtocol
import ArgumentParser

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
        commandName: "stop", abstract: "End a session and its sandbox.")

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?

    func run() async throws {
        try await ServiceSession.with { service in
            let id = try await service.resolve(session).sessionId
            _ = try await service.client.call(AgentStop.self, SessionReference(sessionId: id))
            Terminal.line("stopped \(id)")
        }
    }
}
