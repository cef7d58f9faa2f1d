import AgentProtocol
import ArgumentParser

struct AttachCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Show a session from its beginning and follow it.")

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Option(help: "Only events after this sequence number.")
    var after = 0
    @Flag(help: "Print every event as a line of JSON.")
    var json = false
    @Flag(help: "Show what there is and end.")
    var replay = false

    func run() async throws {
        try await ServiceSession.with(asks: Terminal.inputIsTerminal && !json && !replay) { service in
            let summary = try await service.resolve(session)
            let attached = try await service.client.attach(summary.sessionId, afterSeq: after)
            if replay || !attached.session.state.isLive || attached.session.state == .idle {
                let receiver = service.receiver()
                if let folder = summary.localFolder { await receiver.receive(summary.sessionId, folder: folder) }
                var printer = EventPrinter(json: json)
                if attached.seq > after {
                    for await progress in service.events {
                        printer.show(progress)
                        if progress.seq >= attached.seq { break }
                    }
                }
                await receiver.settle()
                return
            }
            let follower = SessionFollower(
                session: service, sessionId: summary.sessionId, json: json, folder: summary.localFolder)
            let end = await follower.follow(untilTurnAfter: attached.seq)
            throw ExitCode(SessionFollower.status(of: end))
        }
    }
}
