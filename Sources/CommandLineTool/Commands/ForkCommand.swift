import AgentProtocol
import ArgumentParser

struct ForkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fork",
        abstract: "Begin a session with the files and the conversation that another one had at a step.",
        discussion: """
            Steps are shown while a session is followed (`cofferdam attach --replay`). With a prompt the new session goes to \
            work and is followed; without one it waits for `cofferdam prompt`.
            """)

    @Argument(help: "The session, or the beginning of its name.")
    var session: String
    @Argument(help: "What the new session is to do.")
    var prompt: String?
    @Option(help: "The step; default the newest.")
    var step: Int?
    @Flag(help: "Print every event as a line of JSON.")
    var json = false

    func run() async throws {
        let status = try await ServiceSession.with(asks: Terminal.inputIsTerminal && !json) { service in
            let parent = try await service.resolve(session)
            let fork = try await service.client.call(
                AgentFork.self, AgentFork.Params(sessionId: parent.sessionId, step: step, prompt: prompt))
            if !json {
                Terminal.line(
                    Terminal.styled("session \(fork.sessionId) forked from \(parent.sessionId)", .bold))
            }
            guard prompt != nil else { return ExitStatus.success }
            _ = try await service.client.attach(fork.sessionId, afterSeq: 0)
            let follower = SessionFollower(
                session: service, sessionId: fork.sessionId, json: json, folder: parent.localFolder)
            return SessionFollower.status(of: await follower.follow(untilTurnAfter: 0))
        }
        throw ExitCode(status)
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Set a session's files and conversation back to a step, or forward again.",
        discussion: """
            A running turn is cancelled, and everything that runs in the sandbox is ended. The steps after it are kept. What \
            was applied to your folder stays there.
            """)

    @Argument(help: "The session, or the beginning of its name.")
    var session: String
    @Argument(help: "The step, as it is shown while the session is followed.")
    var step: Int

    func run() async throws {
        try await ServiceSession.with { service in
            let id = try await service.resolve(session).sessionId
            _ = try await service.client.call(AgentRestore.self, AgentRestore.Params(sessionId: id, step: step))
            Terminal.line("\(id) is back at step \(step)")
        }
    }
}
