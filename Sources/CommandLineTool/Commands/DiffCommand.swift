import AgentProtocol
import ArgumentParser

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Print what a session changed, as a patch that git apply takes.")

    @Argument(help: "The session, or the beginning of its name; default the newest of this folder.")
    var session: String?

    func run() async throws {
        try await ServiceSession.with { service in
            let summary = try await service.resolve(session)
            let diff = try await service.client.call(AgentDiff.self, AgentDiff.Params(sessionId: summary.sessionId))
            for file in diff.files where file.binary {
                Terminal.error("binary file \(Terminal.harmless(file.path)) \(file.change.rawValue)")
            }
            Terminal.out(Terminal.outputIsTerminal ? Terminal.harmless(diff.patch) : diff.patch)
        }
    }
}
