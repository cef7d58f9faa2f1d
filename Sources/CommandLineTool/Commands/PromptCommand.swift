import AgentProtocol
import ArgumentParser

struct PromptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prompt", abstract: "Send a follow-up to a session and follow its turn.")

    @Argument(help: "What to do next.")
    var text: String
    @Option(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?
    @Flag(help: "Steer the running turn instead of waiting for its end.")
    var steer = false
    @Option(help: "A picture that belongs to it (PNG, JPEG, GIF, WebP); may be given several times.")
    var image: [String] = []
    @Option(help: "Model or role of the service's configuration, for this turn.")
    var model: String?
    @Flag(help: "With --model: from this turn on.")
    var keepModel = false
    @Flag(help: "Print every event as a line of JSON.")
    var json = false

    func validate() throws {
        guard model != nil || !keepModel else { throw ValidationError("--keep-model needs --model") }
    }

    func run() async throws {
        let status = try await ServiceSession.with(asks: Terminal.inputIsTerminal && !json) { service in
            let images = try PictureFile.read(image)
            let summary = try await service.resolve(session)
            let sent = try await service.client.call(
                AgentPrompt.self,
                AgentPrompt.Params(
                    sessionId: summary.sessionId, text: text, delivery: steer ? .steer : .queue, images: images,
                    model: model, keepModel: keepModel ? true : nil))
            _ = try await service.client.attach(summary.sessionId, afterSeq: sent.seq - 1)
            let follower = SessionFollower(
                session: service, sessionId: summary.sessionId, json: json, folder: summary.localFolder)
            return SessionFollower.status(of: await follower.follow(untilTurnAfter: sent.seq))
        }
        throw ExitCode(status)
    }
}
